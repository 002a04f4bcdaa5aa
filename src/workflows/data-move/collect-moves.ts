import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { moveMark, SENDER_NAMESPACE } from "../../render/data-move/move-labels.ts";
import type { EngineContext, Ports } from "../ports.ts";

/** A command says every half minute that it lives; after three times without a word it is taken for dead. */
const SILENT_MS = 90_000;

interface MoverJob extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[] };
    };
  };
}

/**
 * Takes away what commands left that were killed: receivers of this volume, and all senders. Kubernetes does the same by itself some minutes later.
 * Error: `cluster/conflict` while another command fills the volume.
 */
export async function clearLeftovers(
  api: KubernetesApi,
  wanted: { readonly namespace: string; readonly claim: string; readonly by: string },
  ports: Pick<Ports, "clock" | "machine">,
  { emit, signal }: EngineContext,
): Promise<void> {
  const of = async (namespace: string, role: string): Promise<readonly MoverJob[]> =>
    (await api.list(resources.Job, { namespace, labelSelector: `${moveMark.role}=${role}` }, signal)).items as readonly MoverJob[];
  const uses = ({ spec }: MoverJob): boolean =>
    spec.template.spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === wanted.claim) === true;
  const receivers = (await of(wanted.namespace, "receiver")).filter(uses);
  for (const job of receivers) {
    if (await isLeft(job, wanted.by, ports)) continue;
    const by = job.metadata.annotations?.[moveMark.by] ?? "somebody";
    throw new HowdahError("cluster/conflict", `The volume ${wanted.claim} of ${wanted.namespace} is being filled by ${by}`, {
      hint: `Wait until that is done. If it is known to be dead: \`kubectl delete job --namespace ${wanted.namespace} ${job.metadata.name}\`.`,
    });
  }
  const senders = await of(SENDER_NAMESPACE, "sender").catch(unlessForbidden);
  const dead: MoverJob[] = [...receivers];
  for (const job of senders) if (await isLeft(job, wanted.by, ports)) dead.push(job);
  if (dead.length === 0) return;
  emit({ type: "notice", level: "info", message: "An earlier copy was cut off: taking its pods away, then going on where it was" });
  await removeJobs(api, dead.map(nameOf), ports, signal);
}

/** Who may fill a volume of one site need not see what others bring. */
function unlessForbidden(error: unknown): readonly [] {
  if (error instanceof HowdahError && error.code === "cluster/forbidden") return [];
  throw error;
}

function nameOf({ metadata }: KubeObject): ObjectName {
  return { resource: resources.Job, namespace: metadata.namespace, name: metadata.name };
}

/** `by` is `USER@HOST PROCESS`: of this machine's processes it is known whether they live, of others when they last said so. */
async function isLeft(job: KubeObject, by: string, { clock, machine }: Pick<Ports, "clock" | "machine">): Promise<boolean> {
  const [who = "", process = ""] = (job.metadata.annotations?.[moveMark.by] ?? "").split(" ");
  if (who === by.split(" ")[0]) return !(await machine.isProcessAlive(process));
  const renewed = Date.parse(job.metadata.annotations?.[moveMark.renewed] ?? "");
  return Number.isNaN(renewed) || clock.now() - renewed > SILENT_MS;
}

/**
 * What of moves from nodes is in the cluster: how many go on, and whether one that was killed has left its namespace behind, which may hold a Job that reads
 * a node's files. `now` is in milliseconds since 1970.
 */
export async function movesUnderWay(
  api: KubernetesApi,
  now: number,
  signal: AbortSignal,
): Promise<{ readonly alive: number; readonly left: boolean }> {
  const silent = (time: string | undefined): boolean => !(now - Date.parse(time ?? "") <= SILENT_MS);
  const found = await api.get({ resource: resources.Namespace, namespace: undefined, name: SENDER_NAMESPACE }, signal);
  if (found === undefined || found.metadata.labels?.[moveMark.role] !== "sender") return { alive: 0, left: false };
  const { items } = await api.list(resources.Job, { namespace: SENDER_NAMESPACE }, signal);
  const alive = items.filter(({ metadata }) => !silent(metadata.annotations?.[moveMark.renewed])).length;
  return { alive, left: alive === 0 && silent(found.metadata.annotations?.[moveMark.renewed] ?? found.metadata.creationTimestamp) };
}

/** Deletes Jobs with all that they own, pods first, and waits until nothing of them is there: two writers would spoil each other's files. */
export async function removeJobs(
  api: KubernetesApi,
  jobs: readonly ObjectName[],
  { clock }: Pick<Ports, "clock">,
  signal: AbortSignal,
): Promise<void> {
  for (const job of jobs) {
    const uid = (await api.get(job, signal))?.metadata.uid;
    if (uid !== undefined) await api.delete(job, { preconditions: { uid }, propagation: "Foreground" }, signal);
  }
  for (const job of jobs) while ((await api.get(job, signal)) !== undefined) await clock.sleep(250, signal);
}

/** The namespace of senders goes when no move is in it. One that comes meanwhile has changed the namespace, and the delete does nothing. */
export async function removeSenderNamespace(api: KubernetesApi, signal: AbortSignal): Promise<void> {
  const name = { resource: resources.Namespace, namespace: undefined, name: SENDER_NAMESPACE };
  const found = await api.get(name, signal);
  const { uid, resourceVersion, labels } = found?.metadata ?? {};
  // Somebody else's namespace of that name is not ours to delete.
  if (uid === undefined || resourceVersion === undefined || labels?.[moveMark.role] !== "sender") return;
  const { items } = await api.list(resources.Job, { namespace: SENDER_NAMESPACE }, signal);
  if (items.length > 0) return;
  await api.delete(name, { preconditions: { uid, resourceVersion } }, signal).catch((error: unknown) => {
    if (!(error instanceof HowdahError && error.code === "cluster/conflict")) throw error;
  });
}

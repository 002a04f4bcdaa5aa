import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ContainerName, KubeObject, KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { ClusterObject } from "../../render/cluster/cluster-object.ts";
import { receiverCompany, senderCompany, senderNamespace } from "../../render/data-move/move-company.ts";
import { LEASE_SECONDS, type Move, receiverJob, senderJob } from "../../render/data-move/move-jobs.ts";
import { moveMark, SENDER_NAMESPACE } from "../../render/data-move/move-labels.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { awaitMover } from "./await-mover.ts";
import { clearLeftovers, removeJobs, removeSenderNamespace } from "./collect-moves.ts";
import { copyPullSecrets } from "./pull-secrets.ts";

/** What a move needs to be known of before anything is made. */
export interface MoveRequest {
  readonly id: string;
  readonly image: string;
  readonly by: string;
  /** Says the sender who asks; only with a `source`. */
  readonly password: string;
  readonly namespace: string;
  readonly claim: string;
  /** A directory of a node; undefined: the data comes through the API server. */
  readonly source: { readonly node: string; readonly path: string } | undefined;
}

/** Pods that are ready to copy. */
export interface MoveSession {
  readonly receiver: ContainerName;
  /** Address of the sender's pod. */
  readonly sender: string | undefined;
  /** Takes away everything that was made, whatever became of the copy. */
  close(): Promise<void>;
}

type MovePorts = Pick<Ports, "clock" | "machine">;

const RENEW_MS = 30_000;
/** Long enough to delete a handful of objects; a command that is stopped does not stay longer. */
const CLOSE_MS = 60_000;

/**
 * Puts both ends of a copy into the cluster, and takes them away again. What a killed command left of the same volume goes first. Errors:
 * `cluster/conflict` when somebody else fills the volume now; `cluster/rejected`, `cluster/failed` when a pod can't run.
 */
export async function openMove(api: KubernetesApi, request: MoveRequest, ports: MovePorts, context: EngineContext): Promise<MoveSession> {
  const { clock } = ports;
  const { namespace, claim, source, password, id, image, by } = request;
  const { emit, signal } = context;
  if (source !== undefined) await requireNode(api, source.node, signal);
  await clearLeftovers(api, { namespace, claim, by }, ports, context);
  const move: Move = { id, image, by, now: new Date(clock.now()).toISOString() };
  const made: ObjectName[] = [];
  const stop = new AbortController();
  const close = async (): Promise<void> => {
    stop.abort();
    const end = AbortSignal.timeout(CLOSE_MS);
    await removeJobs(api, made, ports, end);
    if (source !== undefined) await removeSenderNamespace(api, end);
  };
  const begin = async (job: ClusterObject, company: readonly ClusterObject[]): Promise<ObjectName> => {
    const created = await api.create(resources.Job, job, signal);
    const name = { resource: resources.Job, namespace: job.metadata.namespace, name: job.metadata.name };
    made.push(name);
    for (const object of company) await createOwned(api, object, created, signal);
    return name;
  };
  try {
    if (source !== undefined) {
      await makeSenderNamespace(api, move, ports, signal);
    }
    const node = await nodeOfClaim(api, { namespace, claim }, signal);
    const receiving = { namespace, claim, node, pulls: source !== undefined };
    const started = clock.now();
    const receiver = await begin(receiverJob(move, receiving), source === undefined ? [] : receiverCompany(move, receiving, password));
    const sender =
      source === undefined
        ? undefined
        : await begin(await copyPullSecrets(api, senderJob(move, source), namespace, signal), senderCompany(move, receiving, password));
    void renew(api, made, { clock, started, signal: stop.signal });
    const [to, from] = await Promise.all([
      awaitMover(api, receiver, ports, { emit, signal }),
      sender === undefined ? undefined : awaitMover(api, sender, ports, { emit, signal }),
    ]);
    return { receiver: to.container, sender: from?.address, close };
  } catch (error) {
    await close().catch(() => undefined); // what stays ends by its own deadline; why it failed is said
    throw error;
  }
}

/** A pod for a node that is not there would wait for it. Who may not read nodes is believed. */
async function requireNode(api: KubernetesApi, name: string, signal: AbortSignal): Promise<void> {
  const found = await api.get({ resource: resources.Node, namespace: undefined, name }, signal).catch((error: unknown) => {
    if (error instanceof HowdahError && error.code === "cluster/forbidden") return null;
    throw error;
  });
  if (found === undefined)
    throw new HowdahError("usage/invalid", `The cluster has no node ${name}`, { hint: "`kubectl get nodes` lists their names." });
}

/** Everything that belongs to a side goes with its Job, whoever deletes it. */
async function createOwned(api: KubernetesApi, object: ClusterObject, job: KubeObject, signal: AbortSignal): Promise<void> {
  const resource = object.kind === "Secret" ? resources.Secret : resources.NetworkPolicy;
  const { name, uid = "" } = job.metadata;
  const ownerReferences = [{ apiVersion: "batch/v1", kind: "Job", name, uid, controller: false, blockOwnerDeletion: true }];
  await api.create(resource, { ...object, metadata: { ...object.metadata, ownerReferences } }, signal);
}

/** Puts the deadline of the Jobs off while the command lives. What the API server misses once is said half a minute later. */
async function renew(
  api: KubernetesApi,
  jobs: readonly ObjectName[],
  { clock, started, signal }: { readonly clock: Ports["clock"]; readonly started: number; readonly signal: AbortSignal },
): Promise<void> {
  for (;;) {
    const stopped = await clock.sleep(RENEW_MS, signal).then(
      () => false,
      () => true,
    );
    if (stopped) return;
    const now = clock.now();
    const patch = {
      metadata: { annotations: { [moveMark.renewed]: new Date(now).toISOString() } },
      spec: { activeDeadlineSeconds: Math.ceil((now - started) / 1000) + LEASE_SECONDS },
    };
    for (const job of jobs) await api.mergePatch(job, patch, {}, signal).catch(() => undefined);
  }
}

/** A volume that one node may have is received there, when pods of the site have it already. */
async function nodeOfClaim(
  api: KubernetesApi,
  { namespace, claim }: { readonly namespace: string; readonly claim: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await api.get({ resource: resources.PersistentVolumeClaim, namespace, name: claim }, signal);
  if (found === undefined)
    throw new HowdahError("data/volume-missing", `${namespace} has no PersistentVolumeClaim ${claim}: the volume was never made`, {
      hint: "Deploy the site first: `howdah deploy --context NAME`. Then its volumes are there, and can be filled.",
    });
  const { accessModes = [] } = (found["spec"] ?? {}) as { readonly accessModes?: readonly string[] };
  if (accessModes.includes("ReadWriteMany")) return undefined;
  const { items } = await api.list(resources.Pod, { namespace }, signal);
  const users = (items as readonly (KubeObject & PodWithVolumes)[]).filter(
    ({ spec, status }) =>
      (status?.phase === "Running" || status?.phase === "Pending") &&
      spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim) === true,
  );
  return users.find(({ spec }) => spec.nodeName !== undefined)?.spec.nodeName;
}

interface PodWithVolumes {
  readonly spec: {
    readonly nodeName?: string;
    readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[];
  };
  readonly status?: { readonly phase?: string };
}

/** One that is being deleted is waited for. A new one has no service account for a moment, and without that no pod is made. */
async function makeSenderNamespace(api: KubernetesApi, move: Move, { clock }: MovePorts, signal: AbortSignal): Promise<void> {
  const name = { resource: resources.Namespace, namespace: undefined, name: SENDER_NAMESPACE };
  const account = { resource: resources.ServiceAccount, namespace: SENDER_NAMESPACE, name: "default" };
  let applied = false;
  for (let attempt = 0; attempt < 240; attempt++) {
    const isGoing = !applied && (await api.get(name, signal))?.metadata.deletionTimestamp !== undefined;
    if (!isGoing && !applied) {
      await api.apply(resources.Namespace, senderNamespace(move), {}, signal);
      applied = true;
    }
    if (applied && (await api.get(account, signal)) !== undefined) return;
    await clock.sleep(250, signal);
  }
  throw new HowdahError("cluster/failed", `The namespace ${SENDER_NAMESPACE} gets no service account`, {
    hint: "Is the cluster's controller manager running?",
  });
}

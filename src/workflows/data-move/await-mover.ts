import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ContainerName, KubeObject, KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { MOVER } from "../../render/data-move/move-jobs.ts";
import type { EngineContext, Ports } from "../ports.ts";

/** A pod that is ready to copy. */
export interface Mover {
  readonly container: ContainerName;
  readonly address: string;
}

/** An image of 15 MB is pulled and a volume is mounted long before that. */
const READY_MS = 180_000;
const LOOK_MS = 500;

interface MoverPod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly message?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly containerStatuses?: readonly {
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
}

/** Waits for a Job's pod, saying what it waits for. Error: `cluster/failed` with the cluster's words when it does not come. */
export async function awaitMover(
  api: KubernetesApi,
  job: ObjectName,
  { clock }: Pick<Ports, "clock">,
  { emit, signal }: EngineContext,
): Promise<Mover> {
  const { name, namespace = "" } = job;
  const end = clock.now() + READY_MS;
  let told = "";
  for (;;) {
    const { items } = await api.list(resources.Pod, { namespace, labelSelector: `batch.kubernetes.io/job-name=${name}` }, signal);
    const [pod] = items as readonly MoverPod[];
    const { phase, podIP = "", conditions = [] } = pod?.status ?? {};
    const isReady = conditions.some(({ type, status }) => type === "Ready" && status === "True");
    if (pod !== undefined && isReady && podIP !== "")
      return { container: { namespace, pod: pod.metadata.name, container: MOVER }, address: podIP };
    const why = whyNot(pod) ?? (await lastWarning(api, pod?.metadata.name ?? name, namespace, signal));
    if (why?.includes("hostPath type check failed") === true)
      throw new HowdahError("usage/invalid", `The node has no such directory: ${why}`);
    if (phase === "Failed" || clock.now() > end)
      throw new HowdahError("cluster/failed", `The pod that should copy does not run: ${why ?? "no reason is given"}`, {
        hint: `\`kubectl describe job,pod --namespace ${namespace}\` tells more while it is there.`,
      });
    if (why !== undefined && why !== told) emit({ type: "task-progress", id: "data/pods", detail: why });
    told = why ?? told;
    await clock.sleep(LOOK_MS, signal);
  }
}

function whyNot(pod: MoverPod | undefined): string | undefined {
  const status = pod?.status;
  const waiting = status?.containerStatuses?.[0]?.state?.waiting;
  const unplaced = status?.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False")?.message;
  if (status?.message !== undefined) return status.message;
  if (unplaced !== undefined) return `no node takes it: ${unplaced}`;
  return waiting?.message === undefined ? undefined : `${waiting.reason ?? "waiting"}: ${waiting.message}`;
}

/** What the cluster last complained of: a directory that the node lacks is only said there, and so is a Job whose pod is refused. */
async function lastWarning(api: KubernetesApi, name: string, namespace: string, signal: AbortSignal): Promise<string | undefined> {
  const { items } = await api.list(resources.Event, { namespace, fieldSelector: `involvedObject.name=${name},type=Warning` }, signal);
  return items
    .map(({ message }) => message)
    .filter((message): message is string => typeof message === "string")
    .at(-1);
}

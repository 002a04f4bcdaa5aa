import { setTimeout as sleep } from "node:timers/promises";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi, ObjectName } from "../../../kubernetes/kubernetes-api.ts";
import { resources } from "../../../kubernetes/resources.ts";
import { CONTAINER } from "./sealed-pod.ts";

/** What these pods need of the API. */
export type PodsApi = Pick<KubernetesApi, "get" | "list" | "create" | "delete" | "exec" | "logs">;

/** Where a pod is in its life. */
export type PodState =
  | { readonly is: "waiting"; readonly why: string }
  | { readonly is: "running" }
  | { readonly is: "ended"; readonly code: number }
  | { readonly is: "gone" };

const POLL_MS = 300;
const GONE_MS = 300_000;
const LAST_LINES = 30;

function nameOf(namespace: string, name: string): ObjectName {
  return { resource: resources.Pod, namespace, name };
}

/** Asks for a pod's state. */
export async function podState(api: Pick<KubernetesApi, "get">, namespace: string, name: string): Promise<PodState> {
  const pod = await api.get(nameOf(namespace, name));
  return pod === undefined ? { is: "gone" } : stateIn(pod);
}

interface Status {
  readonly phase?: string;
  readonly message?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  readonly containerStatuses?: readonly {
    readonly state?: {
      readonly waiting?: { readonly reason?: string; readonly message?: string };
      readonly terminated?: { readonly exitCode: number };
    };
  }[];
}

function stateIn(pod: KubeObject): PodState {
  const { phase, message, conditions = [], containerStatuses = [] } = (pod["status"] ?? {}) as Status;
  const [{ state } = {}] = containerStatuses;
  if (phase === "Succeeded" || phase === "Failed")
    return { is: "ended", code: state?.terminated?.exitCode ?? (phase === "Failed" ? 255 : 0) };
  if (phase === "Running") return { is: "running" };
  const scheduled = conditions.find(({ type, status }) => type === "PodScheduled" && status === "False");
  const waiting = [state?.waiting?.reason, state?.waiting?.message].filter((word) => word !== undefined).join(": ");
  return { is: "waiting", why: scheduled?.message ?? (waiting === "" ? (message ?? "it waits for its node") : waiting) };
}

/** Waits until a pod's program has ended. Answers its exit code; null for a pod that is gone. */
export async function podEnd(api: Pick<KubernetesApi, "get">, pod: PodName, signal?: AbortSignal): Promise<number | null> {
  for (;;) {
    signal?.throwIfAborted();
    const state = await podState(api, pod.namespace, pod.name);
    if (state.is === "ended") return state.code;
    if (state.is === "gone") return null;
    await sleep(POLL_MS);
  }
}

/** Names a pod. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** Takes a pod away, and waits until its program is surely dead: the next one works on the same files. Error: `dataset/failed` when its node does not answer. */
export async function removePod(api: Pick<KubernetesApi, "get" | "delete">, { namespace, name }: PodName): Promise<void> {
  const found = await api.get(nameOf(namespace, name));
  const { uid } = found?.metadata ?? {};
  if (uid === undefined) return;
  await api.delete(nameOf(namespace, name), { preconditions: { uid }, graceSeconds: 1 });
  for (const last = performance.now() + GONE_MS; performance.now() < last; await sleep(POLL_MS))
    if ((await api.get(nameOf(namespace, name)))?.metadata.uid !== uid) return;
  throw new HowdahError("dataset/failed", `The pod ${namespace}/${name} does not end: does its node answer?`);
}

/** A program's last words; none for a pod that never had any. */
export async function lastWords(api: Pick<KubernetesApi, "logs">, { namespace, name }: PodName): Promise<readonly string[]> {
  const options = { follow: false, tail: LAST_LINES };
  try {
    const log = await api.logs({ namespace, pod: name, container: CONTAINER }, options, AbortSignal.timeout(30_000));
    const text = Buffer.concat((await log.toArray()).map((chunk) => Buffer.from(chunk as Uint8Array))).toString();
    // Each line begins with the kubelet's time.
    return text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.slice(line.indexOf(" ") + 1).trimEnd()]));
  } catch {
    return [];
  }
}

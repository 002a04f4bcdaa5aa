import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { withoutSessionPassword } from "../../render/sessions/session-server.ts";
import { entrypointLine } from "../entrypoint-line.ts";
import type { Cluster } from "./cluster.ts";
import type { ContainerStatus, PodObject } from "./views.ts";

/** A line that a kubelet gives: its time and the container's words. */
export interface TimedLine {
  readonly time: string;
  readonly text: string;
}

/** Takes the kubelet's time off a line, and a password out of it. */
export function timedLine(given: string): TimedLine {
  const line = withoutSessionPassword(given);
  const at = line.indexOf(" ");
  return at > 0 && /^\d{4}-\d\d-\d\dT/.test(line) ? { time: line.slice(0, at), text: line.slice(at + 1) } : { time: "", text: line };
}

/** The last lines of a container; none when it has not begun or is gone. `previous`: of the one that fell before. */
export async function lastLines(
  cluster: Cluster,
  pod: PodObject,
  container: string,
  options: { readonly tail: number; readonly previous?: boolean },
): Promise<readonly TimedLine[]> {
  const name = { namespace: pod.metadata.namespace ?? "", pod: pod.metadata.name, container };
  try {
    const stream: Readable = await cluster.api.logs(name, { follow: false, ...options }, AbortSignal.timeout(10_000));
    return (await text(stream)).split("\n").flatMap((line) => (line === "" ? [] : [timedLine(line)]));
  } catch (error) {
    if (error instanceof HowdahError || (error instanceof Error && error.name !== "TypeError")) return [];
    throw error;
  }
}

/** What all containers of a pod said last, the one that fell with its last words, each line behind its container's name when there are several. */
export async function wordsOf(cluster: Cluster, pod: PodObject, tail = 100): Promise<readonly string[]> {
  const statuses = statusesOf(pod);
  const all = await Promise.all(
    statuses.map(async (status) => {
      const before = isBetween(status) ? await lastLines(cluster, pod, status.name, { tail, previous: true }) : [];
      const now = await lastLines(cluster, pod, status.name, { tail });
      return (now.length > 0 ? now : before).slice(-tail).map(({ text }) => (statuses.length > 1 ? `${status.name}: ${text}` : text));
    }),
  );
  return all.flat();
}

/** The failure that an entrypoint in the pod has named, and the steps that it said, newest last. */
export async function entrypointWords(
  cluster: Cluster,
  pod: PodObject,
): Promise<{ readonly failure: HowdahError | undefined; readonly step: string | undefined }> {
  let step: string | undefined;
  for (const status of statusesOf(pod).filter(({ ready }) => !ready)) {
    const before = isBetween(status) ? await lastLines(cluster, pod, status.name, { tail: 100, previous: true }) : [];
    const lines = [...before, ...(await lastLines(cluster, pod, status.name, { tail: 100 }))].map(({ text }) => text);
    for (const line of lines) {
      const said = entrypointLine(line);
      if (said?.event === "failed") return { failure: new HowdahError(said.code, said.message, { output: lines }), step };
      if (said?.event === "step") step = said.message;
    }
  }
  return { failure: undefined, step };
}

/** What the cluster itself says of a pod that has trouble: failed probes, volumes that can't be mounted. Newest last, without repetition. */
export async function warningsOf(cluster: Cluster, pod: PodObject): Promise<readonly string[]> {
  const { namespace, uid } = pod.metadata;
  if (namespace === undefined || uid === undefined) return [];
  const { items } = await cluster.api
    .list(resources.Event, { namespace, fieldSelector: `involvedObject.uid=${uid},type=Warning` })
    .catch(() => ({ items: [] }));
  const said = (items as readonly (KubeObject & { readonly reason?: string; readonly message?: string })[]).map(
    ({ reason = "", message = "" }) => `${reason}: ${message.replaceAll(/\s+/g, " ")}`,
  );
  return [...new Set(said)].slice(-10);
}

function statusesOf(pod: PodObject): readonly ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

function isBetween({ restartCount }: ContainerStatus): boolean {
  return restartCount > 0;
}

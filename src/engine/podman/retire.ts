import type { Machine } from "./machine.ts";
import { type FoundPod, matches, preStopSeconds, removePod, stopPod, type Workload } from "./pods.ts";
import { type NamespaceState, objectsOf } from "./state-store.ts";

type Progress = (detail: string) => void;

/** Ends pods without a failed request: out of the way in, what they began is finished, stop signal and grace, then away with them. Answers those that stay for now (`endPods`). */
export async function retire(
  machine: Machine,
  namespace: string,
  workload: Workload,
  pods: readonly FoundPod[],
  progress: Progress,
): Promise<readonly FoundPod[]> {
  await takeOut(machine, pods);
  return endPods(machine, namespace, workload, pods, progress);
}

/** Takes pods out of the way in; they go on with what they have. */
export async function takeOut(machine: Machine, pods: readonly FoundPod[]): Promise<void> {
  for (const pod of pods) await machine.marks.remove(pod.name);
  await machine.refreshEdge();
}

/**
 * Ends pods that are out of the way in. Not cut short by Ctrl-C: the switch is done, and requests must not fail for it.
 * Answers the pods that it left: crons still run in them. Nobody waits for those; the agent ends such pods when their crons have ended,
 * at the latest by their timeouts.
 */
export async function endPods(
  machine: Machine,
  namespace: string,
  workload: Workload,
  pods: readonly FoundPod[],
  progress: Progress,
): Promise<readonly FoundPod[]> {
  if (pods.length === 0) return [];
  const busy = await podsWithJobs(machine, pods);
  const free = pods.filter((pod) => !busy.includes(pod));
  if (busy.length > 0) progress("former pods stay until their crons have ended");
  if (free.length === 0) return busy;
  if (free.some((pod) => pod.infra?.state === "running")) {
    progress("the former pods finish what they began");
    await forgotten(machine, await machine.store.read(namespace), workload);
  }
  await Promise.all(free.map((pod) => stopPod(machine, pod)));
  await Promise.all(free.map((pod) => removePod(machine, pod.name)));
  return busy;
}

/** Those of the pods in which crons run. */
export async function podsWithJobs(machine: Machine, pods: readonly FoundPod[]): Promise<readonly FoundPod[]> {
  const running = await machine.jobs.runningIn(new Set(pods.map((pod) => pod.name)));
  return pods.filter((pod) => running.some((job) => job.pod === pod.name));
}

/**
 * Waits until nobody sends anything new. What only the edge leads to is forgotten when the edge's former processes are gone, however slow
 * an upload is; others (PHP behind the site's own nginx) find pods by name, and names are remembered for some seconds: preStop says how many.
 */
async function forgotten(machine: Machine, state: NamespaceState, workload: Workload): Promise<void> {
  const seconds = preStopSeconds(workload.spec.template);
  if (seconds === 0) return;
  if (onlyTheEdgeLeadsTo(state, workload)) await machine.edgeDrained(workload.spec.template.spec.terminationGracePeriodSeconds * 1000);
  else await machine.clock.sleep(seconds * 1000);
}

function onlyTheEdgeLeadsTo(state: NamespaceState, workload: Workload): boolean {
  const routed = new Set(
    objectsOf(state, "HTTPRoute").flatMap((route) => route.spec.rules.flatMap((rule) => rule.backendRefs.map((ref) => ref.name))),
  );
  const leading = objectsOf(state, "Service").filter((service) => matches(service.spec.selector, workload.spec.template.metadata.labels));
  return leading.length > 0 && leading.every((service) => routed.has(service.metadata.name));
}

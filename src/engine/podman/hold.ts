import type { EngineContext, Maintenance } from "../engine.ts";
import type { Machine } from "./machine.ts";
import { findPods, removePod, stopPod } from "./pods.ts";
import { workloads } from "./scale.ts";

const DRAIN_MS = 70_000;

/** Lets the way in answer for a site, and ends what must not work meanwhile. Written down, so that healing keeps it so. */
export async function holdNamespace(
  machine: Machine,
  namespace: string,
  wanted: { readonly page: Maintenance; readonly stop: readonly string[] } | null,
  context: EngineContext,
): Promise<void> {
  const state = await machine.store.change(namespace, ({ held: _former, ...rest }) => (wanted === null ? rest : { ...rest, held: wanted }));
  await machine.refreshEdge();
  if (wanted === null) return;
  await machine.jobs.stopAll(namespace, "a rollout needed the site for itself");
  // Requests that came before are answered by the pods, which still write.
  if (!(await machine.edgeDrained(DRAIN_MS)))
    context.emit({
      type: "notice",
      level: "warning",
      message: "A request has been running for more than a minute: it goes on beside the migration",
    });
  const stopped = workloads(state).filter((workload) => wanted.stop.includes(workload.metadata.name));
  const pods = (await findPods(machine, namespace)).filter((pod) => stopped.some((workload) => workload.metadata.name === pod.workload));
  await Promise.all(pods.map((pod) => stopPod(machine, pod)));
  await Promise.all(pods.map((pod) => removePod(machine, pod.name)));
}

import type { EngineContext } from "../engine.ts";
import type { Machine } from "./machine.ts";
import { findPods, podNames } from "./pods.ts";
import { endPods, takeOut } from "./retire.ts";
import { progressOf } from "./roll-workload.ts";
import { wantedWorkloads } from "./scale.ts";
import { withObject } from "./state-store.ts";

/** Ends the pods of a namespace that were replaced, for workloads whose wanted pods are all ready, and writes down that nothing is left. */
export async function settleNamespace(machine: Machine, namespace: string, context: EngineContext): Promise<void> {
  const state = await machine.store.read(namespace);
  if (state.down) return;
  const [pods, marks] = await Promise.all([findPods(machine, namespace), machine.marks.all()]);
  const settled = await Promise.all(
    wantedWorkloads(state).map(async (workload) => {
      const wanted = podNames(machine, namespace, workload);
      if (!wanted.every((name) => marks.has(name))) return [];
      const others = pods.filter((pod) => pod.workload === workload.metadata.name && !wanted.includes(pod.name));
      const key = `${workload.kind}/${workload.metadata.name}` as const;
      if (others.some((pod) => marks.has(pod.name))) await takeOut(machine, others);
      const busy = await endPods(machine, namespace, workload, others, progressOf(context, key));
      const prefix = `${machine.names.instance}.${namespace}.${workload.metadata.name}.`;
      await machine.volumes.discardOthers(prefix, new Set([...wanted, ...busy.map((pod) => pod.name)]));
      return [key];
    }),
  );
  await machine.store.change(namespace, (before) =>
    settled.flat().reduce((next, key) => {
      const applied = next.objects[key];
      return applied === undefined || applied.settled
        ? next
        : withObject(next, { key, digest: applied.digest, object: applied.object }, true);
    }, before),
  );
}

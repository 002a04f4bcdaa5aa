import type { Machine } from "./machine.ts";
import { findPods, podNames } from "./pods.ts";
import { workloads } from "./scale.ts";

/** The address of a workload's pod: of one that was seen ready without asking podman, else of one that runs. */
export async function locatePod(machine: Machine, namespace: string, name: string): Promise<string | undefined> {
  const workload = workloads(await machine.store.read(namespace)).find((one) => one.metadata.name === name);
  if (workload === undefined) return undefined;
  const wanted = podNames(machine, namespace, workload);
  const marks = await machine.marks.all();
  const marked = wanted.flatMap((pod) => marks.get(pod)?.address ?? [])[0];
  if (marked !== undefined) return marked;
  const running = (await findPods(machine, namespace, name)).find((pod) => pod.infra?.state === "running");
  const [infra] = running === undefined ? [] : await machine.podman.inspect([`${running.name}._infra`]);
  return infra?.addresses[machine.names.network(namespace)];
}

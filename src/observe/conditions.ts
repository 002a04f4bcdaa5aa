import type { Observed } from "./observed.ts";

/** A condition as Kubernetes has them. Stable words: no clock, no counters, sorted names. */
export interface Condition {
  readonly type: "Ready" | "Reconciling" | "Stalled";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** Turns facts into the one word that people ask for first: does it serve? `noWrites`: why its database takes no writes now. */
export function readyCondition(observed: Observed, noWrites?: string): Condition {
  if (observed.workloads.length === 0)
    return { type: "Ready", status: "False", reason: "NotDeployed", message: "Nothing of this site runs here" };
  if (observed.workloads.every((workload) => workload.down))
    return { type: "Ready", status: "False", reason: "ScaledDown", message: "The site was stopped by `howdah down`" };
  if (observed.idle?.failure !== undefined)
    return { type: "Ready", status: "False", reason: "WakeFailed", message: `It sleeps and could not be woken: ${observed.idle.failure}` };
  if (observed.idle !== undefined)
    return { type: "Ready", status: "True", reason: "Idle", message: "Nobody visits the site, so it sleeps; the next visit wakes it" };
  const behind = observed.workloads.filter((workload) => workload.ready < workload.wanted).map((workload) => workload.name);
  if (behind.length > 0)
    return { type: "Ready", status: "False", reason: "ComponentsNotServing", message: `Waiting for ${behind.sort().join(", ")}` };
  if (noWrites !== undefined) return { type: "Ready", status: "False", reason: "DatabaseWritesBlocked", message: noWrites };
  return {
    type: "Ready",
    status: "True",
    reason: "AllComponentsServing",
    message: "Every component serves as many replicas as the site asks for",
  };
}

import { expect, it } from "vitest";
import { readyCondition } from "./conditions.ts";
import type { Observed, ObservedWorkload } from "./observed.ts";

function observed(...workloads: ObservedWorkload[]): Observed {
  return { namespace: "blog", workloads, pods: [], routes: [], volumes: [] };
}

function workload(name: string, ready: number, wanted: number, down = false): ObservedWorkload {
  return { name, kind: "Deployment", ready, wanted, down };
}

it.each([
  { name: "nothing deployed", facts: observed(), status: "False", reason: "NotDeployed" },
  { name: "everything serves", facts: observed(workload("web", 2, 2)), status: "True", reason: "AllComponentsServing" },
  { name: "one is behind", facts: observed(workload("web", 1, 2), workload("php", 2, 2)), status: "False", reason: "ComponentsNotServing" },
  { name: "a person stopped it", facts: observed(workload("web", 0, 0, true)), status: "False", reason: "ScaledDown" },
  { name: "nobody visits it", facts: { ...observed(workload("web", 0, 1)), idle: { since: "2026" } }, status: "True", reason: "Idle" },
  {
    name: "it could not be woken",
    facts: { ...observed(workload("web", 0, 1)), idle: { since: "2026", failure: "the image is gone" } },
    status: "False",
    reason: "WakeFailed",
  },
])("says when $name", ({ facts, status, reason }) => {
  expect(readyCondition(facts)).toMatchObject({ type: "Ready", status, reason });
});

it("names what is behind, sorted, without counters", () => {
  expect(readyCondition(observed(workload("web", 0, 1), workload("php", 0, 1))).message).toBe("Waiting for php, web");
});

it("says that a site which serves can't write, after what is worse", () => {
  const serving = observed(workload("web", 1, 1));
  expect(readyCondition(serving, "The disk is full")).toMatchObject({
    status: "False",
    reason: "DatabaseWritesBlocked",
    message: "The disk is full",
  });
  expect(readyCondition(observed(workload("web", 0, 1)), "The disk is full")).toMatchObject({ reason: "ComponentsNotServing" });
});

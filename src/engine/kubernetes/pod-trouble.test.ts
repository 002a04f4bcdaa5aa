import { describe, expect, it } from "vitest";
import { hasBegun, hasFallen, podTrouble } from "./pod-trouble.ts";
import type { ContainerStatus, PodObject } from "./views.ts";

const status = (change: Partial<ContainerStatus>): ContainerStatus => ({
  name: "php",
  image: "site:1",
  ready: false,
  restartCount: 0,
  ...change,
});
const pod = (change: NonNullable<PodObject["status"]>): PodObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "php-1", namespace: "blog" },
  spec: { containers: [] },
  status: { phase: "Pending", ...change },
});
const fell = { terminated: { exitCode: 3 } };

describe("podTrouble", () => {
  it.each<{ name: string; seen: NonNullable<PodObject["status"]>; kind: string; code?: string; says: RegExp }>([
    { name: "that nobody has looked at is starting", seen: {}, kind: "starting", says: /being started/ },
    {
      name: "that no node takes says what the scheduler says",
      seen: {
        conditions: [
          { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes are available: 3 Insufficient memory." },
        ],
      },
      kind: "cluster",
      says: /no node takes the pod: Unschedulable: 0\/3 nodes.*memory/,
    },
    {
      name: "whose container is created is starting",
      seen: { containerStatuses: [status({ state: { waiting: { reason: "ContainerCreating" } } })] },
      kind: "starting",
      says: /php: it is being started/,
    },
    {
      name: "whose image can't be pulled names it",
      seen: {
        containerStatuses: [
          status({ state: { waiting: { reason: "ImagePullBackOff", message: "Back-off pulling image: connection refused" } } }),
        ],
      },
      kind: "registry",
      says: /php: its image site:1 can't be pulled: Back-off.*refused/,
    },
    {
      name: "whose image its registry does not have is wrong",
      seen: {
        containerStatuses: [
          status({ state: { waiting: { reason: "ErrImagePull", message: "failed to resolve site:1: site:1: not found" } } }),
        ],
      },
      kind: "wrong",
      says: /php: its image site:1 can't be pulled: .*not found/,
    },
    {
      name: "whose image can never be used is wrong",
      seen: { containerStatuses: [status({ state: { waiting: { reason: "InvalidImageName", message: "couldn't parse" } } })] },
      kind: "wrong",
      says: /can't be used: InvalidImageName/,
    },
    {
      name: "that lacks a ConfigMap says which",
      seen: {
        containerStatuses: [status({ state: { waiting: { reason: "CreateContainerConfigError", message: 'configmap "x" not found' } } })],
      },
      kind: "cluster",
      says: /configmap "x" not found/,
    },
    {
      name: "that fell once is given another try",
      seen: { containerStatuses: [status({ state: fell })] },
      kind: "own",
      code: "engine/crashed",
      says: /ended with exit code 3/,
    },
    {
      name: "that fell again is fallen",
      seen: { containerStatuses: [status({ state: fell, restartCount: 1 })] },
      kind: "fallen",
      code: "engine/crashed",
      says: /ended with exit code 3/,
    },
    {
      name: "that Kubernetes waits with is fallen, with the code of its last end",
      seen: { containerStatuses: [status({ state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: fell, restartCount: 1 })] },
      kind: "fallen",
      code: "engine/crashed",
      says: /ended with exit code 3/,
    },
    {
      name: "that was killed for its memory says so",
      seen: { containerStatuses: [status({ state: { terminated: { exitCode: 137, reason: "OOMKilled" } }, restartCount: 1 })] },
      kind: "fallen",
      code: "engine/crashed",
      says: /more memory than its limit/,
    },
    {
      name: "that runs and is not ready has time of its own",
      seen: { phase: "Running", containerStatuses: [status({ state: { running: {} } })] },
      kind: "own",
      says: /php: it is not ready yet/,
    },
    {
      name: "that was evicted is fallen",
      seen: { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." },
      kind: "fallen",
      says: /Evicted: The node was low/,
    },
    {
      name: "shows its worst container",
      seen: { containerStatuses: [status({ name: "web", state: { running: {} } }), status({ state: fell, restartCount: 4 })] },
      kind: "fallen",
      says: /^php: it ended/,
    },
    {
      name: "whose init container fell says that one",
      seen: { initContainerStatuses: [status({ name: "init", state: fell, restartCount: 1 })], containerStatuses: [] },
      kind: "fallen",
      says: /^init: it ended/,
    },
  ])("a pod $name", ({ seen, kind, code = "engine/not-ready", says }) => {
    const trouble = podTrouble(pod(seen));
    expect(trouble?.kind).toBe(kind);
    expect(trouble?.code).toBe(kind === "fallen" ? "engine/crashed" : code);
    expect(trouble?.why).toMatch(says);
  });

  it("sees none in a pod that is ready, though it fell before", () => {
    const containerStatuses = [status({ ready: true, restartCount: 5, state: { running: {} }, lastState: fell })];
    expect(podTrouble(pod({ phase: "Running", conditions: [{ type: "Ready", status: "True" }], containerStatuses }))).toBeUndefined();
  });
});

it.each<{ seen: NonNullable<PodObject["status"]>; begun: boolean; fallen: boolean }>([
  { seen: {}, begun: false, fallen: false },
  { seen: { containerStatuses: [status({ state: { waiting: { reason: "ContainerCreating" } } })] }, begun: false, fallen: false },
  { seen: { containerStatuses: [status({ state: { running: {} } })] }, begun: true, fallen: false },
  { seen: { containerStatuses: [status({ state: { running: {} }, lastState: fell })] }, begun: true, fallen: true },
  { seen: { containerStatuses: [status({ state: { running: {} } }), status({ state: { waiting: {} } })] }, begun: false, fallen: false },
])("a pod's time begins when all of its containers have: $seen", ({ seen, begun, fallen }) => {
  expect(hasBegun(pod(seen))).toBe(begun);
  expect(hasFallen(pod(seen))).toBe(fallen);
});

import { expect, it, vi } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import { Leadership } from "../kubernetes/lease.ts";
import { ManualClock } from "../kubernetes/testing/manual-clock.ts";
import { memoryApi } from "../kubernetes/testing/memory-api.ts";
import { resources } from "../kubernetes/resources.ts";
import { clusterRig, rigEngine } from "../workflows/cluster/testing/cluster-rig.ts";
import { reconcileEnvironment } from "./environment/reconcile-environment.ts";
import { guardedApi } from "./guarded-api.ts";
import { operatorRig } from "./testing/operator-rig.ts";

const ENVIRONMENT = { namespace: "acme", name: "production" };

/** An operator that is told to stop while it takes r2 into service, at that step. */
async function stoppedAt(at: "start" | "switch") {
  const api = memoryApi();
  const engine = rigEngine();
  const rig = operatorRig(api, engine);
  await rig.applySite();
  await rig.release("r1", "one");
  await rig.settle();
  await rig.release("r2", "two");
  const stop = new AbortController();
  const clock = new ManualClock();
  const lease = { namespace: "howdah-system", name: "howdah-operator", identity: "first" };
  const leadership = new Leadership({ api, ...lease, clock, monotonic: () => clock.now(), random: () => 0.5 });
  const guarded = { ...api, ...guardedApi(api, () => leadership.check(), { count: () => undefined }) };
  const { ports } = clusterRig(guarded, {
    ...engine,
    apply: async (namespace, step, context) => {
      if (step.key !== "Deployment/web") return engine.apply(namespace, step, context);
      const reached = async (phase: "start" | "ask" | "switch"): Promise<void> => {
        await context.reached?.(phase);
        if (phase !== at) return;
        stop.abort();
        context.signal.throwIfAborted();
      };
      return engine.apply(namespace, step, { ...context, reached });
    },
  });
  const first = { ...rig.operator, api: guarded, portsFor: () => ports, lookPortsFor: () => ports };
  await leadership.run(async (_term, signal) => void (await reconcileEnvironment(first)(ENVIRONMENT, signal)), stop.signal);
  const state = async (name = "r2"): Promise<unknown> => {
    const release = await api.get({ resource: resources.Release, namespace: "acme", name });
    return (release?.["status"] as { readonly state?: string } | undefined)?.state;
  };
  return { rig, state, ports };
}

// An upgrade of the operator, a drain of its node: the deploy that somebody follows must not end with "interrupted", nor its pods go to and fro.
it.each(["start", "switch"] as const)(
  "an operator that is told to stop at the step %s leaves the rollout to the next as it is",
  async (at) => {
    const { rig, state, ports } = await stoppedAt(at);
    expect(await state()).toBe("rolling-out");
    expect(await ports.rollouts.get("acme")).toMatchObject({ release: "r2", step: at });
    await rig.settle();
    expect([await state(), rig.page()]).toEqual(["serving", "two"]);
    expect(await ports.rollouts.get("acme")).toBeUndefined();
  },
);

it("a rollout that the next operator finishes, and whose pods do not come, is given up when a person wants another release", async () => {
  const { rig, state, ports } = await stoppedAt("switch");
  const engine: typeof rig.engine = {
    ...rig.engine,
    apply: async (namespace, step, context) => {
      if (step.key !== "Deployment/web") return rig.engine.apply(namespace, step, context);
      await rig.release("r3", "three");
      await vi.waitFor(() => expect(context.signal.aborted).toBe(true));
      throw new HowdahError("cancelled", "Stopped while new pods were started");
    },
  };
  const next = { ...rig.operator, lookPortsFor: () => ({ ...rig.ports, engine }) };
  expect(await reconcileEnvironment(next)(ENVIRONMENT, new AbortController().signal)).toEqual({ again: 0 });
  const applied: string[] = [];
  const seen: typeof rig.engine = {
    ...rig.engine,
    apply: async (namespace, step, context) => {
      await rig.engine.apply(namespace, step, context);
      applied.push(rig.page());
    },
  };
  await reconcileEnvironment({ ...rig.operator, lookPortsFor: () => ({ ...rig.ports, engine: seen }) })(
    ENVIRONMENT,
    new AbortController().signal,
  );
  expect([await state("r2"), await state("r3"), rig.page(), applied.includes("two")]).toEqual(["interrupted", "serving", "three", false]);
  expect(await ports.rollouts.get("acme")).toBeUndefined();
});

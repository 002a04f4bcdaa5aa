import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ImageWorld } from "../../plan/prune/image-world.ts";
import { planPrune } from "../../plan/prune/plan-prune.ts";
import { carryOut, type ModelMachine, modelMachines } from "./prune-model.ts";

/** What is missing of what must be there. */
function missing({ required, inContainers, requiredCaches }: ModelMachine, after: ImageWorld): readonly string[] {
  const names = new Set(after.images.flatMap(({ own, others }) => [...own, ...others]));
  const ids = new Set(after.images.map(({ id }) => id));
  const caches = new Set(after.caches.map(({ id }) => id));
  return [
    ...[...required].filter((name) => !names.has(name)),
    ...[...inContainers].filter((id) => !ids.has(id)),
    ...[...requiredCaches].filter((id) => !caches.has(id)),
  ];
}

describe("pruning 1,000 random machines (J6)", () => {
  it("deletes nothing that is referenced, and frees at least half of what is not", () => {
    let freed = 0;
    let unused = 0;
    fc.assert(
      fc.property(modelMachines, (machine) => {
        const plan = planPrune(machine.world);
        expect(missing(machine, carryOut(machine, plan))).toEqual([]);
        expect(plan.freedBytes * 2).toBeGreaterThanOrEqual(machine.unusedBytes);
        expect(plan.freedBytes).toBeLessThanOrEqual(machine.unusedBytes);
        freed += plan.freedBytes;
        unused += machine.unusedBytes;
      }),
      { numRuns: 1000 },
    );
    expect(freed).toBeGreaterThan(unused * 0.99);
  });

  it("killed after any step, it goes on with the rest", () => {
    fc.assert(
      fc.property(modelMachines, fc.nat(40), (machine, steps) => {
        const whole = carryOut(machine, planPrune(machine.world));
        const cut = carryOut(machine, planPrune(machine.world), steps);
        const resumed = { ...machine, world: cut };
        const after = carryOut(resumed, planPrune(cut));
        expect(missing(machine, cut)).toEqual([]);
        expect(after.images.map(({ id }) => id)).toEqual(whole.images.map(({ id }) => id));
        expect(after.caches).toEqual(whole.caches);
        expect(planPrune(after)).toMatchObject({ images: [], caches: [], freedBytes: 0 });
      }),
      { numRuns: 200 },
    );
  });

  it("leaves what is younger than it is asked for", () => {
    fc.assert(
      fc.property(modelMachines, (machine) => {
        const plan = planPrune(machine.world, { olderThan: 7 * 86_400_000 });
        expect(plan.images).toEqual([]); // all were stored a day ago
        expect(missing(machine, carryOut(machine, plan))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

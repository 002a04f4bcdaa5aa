import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/providers/system-clock.ts";
import { drillDatabase } from "../../src/workflows/drill/drill-database.ts";
import type { Fault } from "../../src/workflows/drill/drill-place.ts";
import { GaleraDrill } from "../support/galera-drill.ts";
import { hasHaproxy } from "../support/haproxy-process.ts";

const skip = !hasHaproxy() || !existsSync("/usr/lib/galera/libgalera_smm.so");

describe.skipIf(skip)("three Galera nodes behind HAProxy, under load", () => {
  const rig = new GaleraDrill();
  beforeAll(() => rig.start());
  afterAll(() => rig.remove());

  const drill = async (...faults: readonly Fault[]) =>
    await drillDatabase(
      rig.place,
      rig.scratch,
      { faults, holdMs: 12_000, limits: { gapMs: undefined, errors: undefined }, clients: { persistent: 4, short: 4 } },
      { emit: () => undefined, signal: new AbortController().signal, clock: systemClock },
    );

  it("lose nothing that was acknowledged and apply nothing twice when the writer is killed; another one writes, and stays the writer", async () => {
    const before = await rig.writer();
    const found = await drill("kill");
    expect(found).toMatchObject({ lost: 0, doubled: 0, exceeded: [], faults: [{ hit: before }] });
    expect(found.acknowledged).toBeGreaterThan(50);
    // The one that was killed is back, and nobody went back to it.
    expect([before, ""]).not.toContain(await rig.writer());
  });

  it("lose nothing when the writer stands still, and nothing when it wakes up", async () => {
    const before = await rig.writer();
    expect(await drill("freeze")).toMatchObject({ lost: 0, doubled: 0, exceeded: [], faults: [{ hit: before }] });
    expect([before, ""]).not.toContain(await rig.writer());
  });

  it("move the writer on purpose: only who keeps a connection until its node stops sees an error", async () => {
    const found = await drill("move");
    expect(found).toMatchObject({ lost: 0, doubled: 0, exceeded: [] });
    const errors = Object.values(found.errors).reduce((sum, one) => sum + one, 0);
    expect(errors).toBeLessThanOrEqual(4);
  });
});

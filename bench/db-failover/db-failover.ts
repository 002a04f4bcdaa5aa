import { loadavg } from "node:os";
import { systemClock } from "../../src/providers/system-clock.ts";
import { type DatabaseDrill, drillDatabase } from "../../src/workflows/drill/drill-database.ts";
import type { Fault } from "../../src/workflows/drill/drill-place.ts";
import { GaleraDrill } from "../../test/support/galera-drill.ts";

/** What killing the writer again and again cost (C1). */
interface DatabaseFailover extends Pick<DatabaseDrill, "acknowledged" | "lost" | "doubled" | "longestGapMs" | "errors"> {
  readonly router: "HAProxy";
  readonly kills: number;
  readonly gapsMs: readonly number[];
  readonly rejoinedAfterMs: readonly number[];
  readonly load: number;
}

/** Kills the writer of three Galera nodes behind the real HAProxy `count` times under load; each comes back before the next one dies. */
export async function databaseFailover(count: number, say: (line: string) => void): Promise<DatabaseFailover> {
  const rig = new GaleraDrill();
  try {
    await rig.start();
    const faults = Array.from({ length: count }, (): Fault => "kill");
    const options = { faults, holdMs: 0, limits: { gapMs: undefined, errors: undefined }, clients: { persistent: 4, short: 4 } };
    const emit = (event: { readonly type: string; readonly detail?: string }): void => {
      if (event.type === "task-done") say(event.detail ?? "");
    };
    const context = { emit, signal: new AbortController().signal, clock: systemClock };
    const {
      faults: struck,
      acknowledged,
      lost,
      doubled,
      longestGapMs,
      errors,
    } = await drillDatabase(rig.place, rig.scratch, options, context);
    const [load = 0] = loadavg();
    return {
      ...{ router: "HAProxy", kills: count, acknowledged, lost, doubled, longestGapMs, errors, load },
      gapsMs: struck.map(({ gapMs }) => gapMs),
      rejoinedAfterMs: struck.map(({ wholeAfterMs }) => wholeAfterMs),
    };
  } finally {
    await rig.remove();
  }
}

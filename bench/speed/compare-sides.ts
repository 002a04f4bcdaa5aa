import { totalUse } from "./container-use.ts";
import type { Side } from "./our-side.ts";
import { type BurstResult, wrk } from "./wrk.ts";

/** What is asked for, of every side alike. */
export interface Load {
  readonly name: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  /** How many times the first side's requests per second Howdah promises itself; null for what is only worth knowing. */
  readonly goal: number | null;
}

/** One burst on one side. */
export interface Measured extends BurstResult {
  /** Milliseconds of processor per request: nginx and PHP, without database and load. */
  readonly cpuPerRequest: number;
}

/** All bursts of one load on one side, in the order of the rounds. */
export interface Series {
  readonly load: Load;
  readonly side: Side;
  readonly rounds: Measured[];
}

/** One request that nobody measures: what comes first after a pause (a cache that has forgotten, workers that have ended) is not the long run. */
async function settle(load: Load, side: Side): Promise<void> {
  await wrk({ url: `${side.origin}${load.path}`, headers: load.headers, connections: 1, seconds: 1 });
}

async function measure(load: Load, side: Side, seconds: number): Promise<Measured> {
  await settle(load, side);
  const before = await totalUse(side.containers);
  const result = await wrk({ url: `${side.origin}${load.path}`, headers: load.headers, connections: load.connections, seconds });
  const after = await totalUse(side.containers);
  return { ...result, cpuPerRequest: ((after.cpuSeconds - before.cpuSeconds) * 1000) / result.requests };
}

/**
 * Asks every side for every load in turn, in the opposite order each round: what else the machine does hits all alike, and only ratios
 * within a round are believed.
 */
export async function compareSides(
  loads: readonly Load[],
  sides: readonly Side[],
  { rounds, seconds, onBurst }: { readonly rounds: number; readonly seconds: number; readonly onBurst: (line: string) => void },
): Promise<readonly Series[]> {
  const series = loads.flatMap((load) => sides.map((side): Series => ({ load, side, rounds: [] })));
  // Fills opcache, JIT and the caches of files: what is compared is the long run.
  for (const { load, side } of series) await measure(load, side, 2);
  for (let round = 0; round < rounds; round++) {
    for (const one of round % 2 === 0 ? series : series.toReversed()) {
      const measured = await measure(one.load, one.side, seconds);
      one.rounds.push(measured);
      onBurst(
        `round ${round + 1}: ${one.load.name}, ${one.side.name}: ${measured.perSecond.toFixed(1)}/s, p99 ${measured.p99.toFixed(0)} ms`,
      );
    }
  }
  return series;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

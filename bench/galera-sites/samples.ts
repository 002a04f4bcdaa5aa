/** One request of the load, or one thing that a person did. */
export interface Sample {
  /** When it began, in ms since the load began. */
  readonly at: number;
  readonly ms: number;
  readonly what: string;
  /** Undefined: it was answered as it should be; else what the visitor saw. */
  readonly failed?: string;
}

/** Something that was done to the cluster or happened to it. */
export interface Moment {
  readonly at: number;
  readonly words: string;
}

/** A second of a site's load, by when requests began. */
export interface LoadSecond {
  readonly ok: number;
  readonly failed: number;
  readonly worstMs: number;
}

/** What visitors of one kind got. */
export interface Got {
  readonly requests: number;
  readonly failed: number;
  /** What those saw who were failed, and how many. */
  readonly saw: Readonly<Record<string, number>>;
  readonly p50: number;
  readonly p99: number;
  readonly slowestMs: number;
  /** The longest time in which nobody got an answer. */
  readonly longestSilenceMs: number;
}

/** The figures of samples that began in a range of time. */
export function gotIn(samples: readonly Sample[], from: number, to: number): Got {
  const inside = samples.filter(({ at }) => at >= from && at < to);
  const times = inside.filter(({ failed }) => failed === undefined).map(({ ms }) => ms);
  const saw: Record<string, number> = {};
  for (const { failed } of inside) if (failed !== undefined) saw[failed] = (saw[failed] ?? 0) + 1;
  return {
    requests: inside.length,
    failed: inside.length - times.length,
    saw,
    ...{
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      slowestMs: percentile(
        inside.map(({ ms }) => ms),
        1,
      ),
    },
    longestSilenceMs: longestSilence(samples, from, to),
  };
}

/** The longest time without the end of an answer as it should be. */
export function longestSilence(samples: readonly Sample[], from: number, to: number): number {
  const ends = samples.flatMap(({ at, ms, failed }) => (failed === undefined && at + ms >= from && at + ms < to ? [at + ms] : []));
  const points = [from, ...ends.sort((a, b) => a - b), to];
  return Math.round(Math.max(...points.slice(1).map((point, index) => point - (points[index] ?? point))));
}

/** A site's load second by second. */
export function bySecond(samples: readonly Sample[], endMs: number): readonly LoadSecond[] {
  const seconds = Array.from({ length: Math.ceil(endMs / 1000) }, () => ({ ok: 0, failed: 0, worstMs: 0 }));
  for (const { at, ms, failed } of samples) {
    const second = seconds[Math.floor(at / 1000)];
    if (second === undefined) continue;
    if (failed === undefined) second.ok += 1;
    else second.failed += 1;
    second.worstMs = Math.max(second.worstMs, Math.round(ms));
  }
  return seconds;
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}

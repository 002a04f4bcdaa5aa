import { type Measured, median, type Series } from "./compare-sides.ts";

/** A line of the answer. */
export interface Row {
  readonly load: string;
  readonly side: string;
  readonly perSecond: number;
  readonly p99: number;
  readonly cpuPerRequest: number;
  /** Median over the rounds of the ratio to the stock side in the same round; 1 for the stock side itself. */
  readonly ratio: number;
  readonly cpuRatio: number;
  readonly goal: number | null;
}

/** The rows of a comparison; the first series of each load is what the others are compared with. */
export function comparisonRows(series: readonly Series[]): readonly Row[] {
  return series.map((one): Row => {
    const base = series.find(({ load }) => load === one.load) ?? one;
    const middle = (of: (measured: Measured) => number): number => median(one.rounds.map(of));
    const ratio = (of: (measured: Measured) => number): number =>
      median(one.rounds.map((measured, round) => of(measured) / of(base.rounds[round] ?? measured)));
    return {
      load: one.load.name,
      side: one.side.name,
      perSecond: middle(({ perSecond }) => perSecond),
      p99: middle(({ p99 }) => p99),
      cpuPerRequest: middle(({ cpuPerRequest }) => cpuPerRequest),
      ratio: ratio(({ perSecond }) => perSecond),
      cpuRatio: ratio(({ cpuPerRequest }) => cpuPerRequest),
      goal: one.load.goal,
    };
  });
}

/** A number as people read it: three digits that count. */
export function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

/** The answer as a Markdown table. */
export function printComparison(rows: readonly Row[]): string {
  const lines = rows.map((row) =>
    [
      "",
      row.load,
      row.side,
      short(row.perSecond),
      `**${short(row.ratio)}**`,
      short(row.p99),
      short(row.cpuPerRequest),
      short(row.cpuRatio),
      "",
    ]
      .join(" | ")
      .trim(),
  );
  return ["| load | side | requests/s | ratio | p99, ms | CPU/request, ms | ratio |", "|---|---|---|---|---|---|---|", ...lines, ""].join(
    "\n",
  );
}

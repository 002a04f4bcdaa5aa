import type { DrillLimits } from "./drill-place.ts";

/** What a drill exceeded, one sentence each. What was acknowledged and is lost, or is there twice, always is too much. */
export function exceededLimits(
  found: {
    readonly lost?: number;
    readonly doubled?: number;
    readonly longestGapMs: number;
    readonly errors: Readonly<Record<string, number>>;
  },
  { gapMs, errors }: DrillLimits,
): readonly string[] {
  const failed = Object.values(found.errors).reduce((sum, one) => sum + one, 0);
  return [
    ...((found.lost ?? 0) > 0 ? [`${String(found.lost)} acknowledged writes are lost`] : []),
    ...((found.doubled ?? 0) > 0 ? [`${String(found.doubled)} writes were applied twice`] : []),
    ...(gapMs !== undefined && found.longestGapMs > gapMs
      ? [`${String(found.longestGapMs)} ms passed without success, more than ${String(gapMs)}`]
      : []),
    ...(errors !== undefined && failed > errors ? [`${String(failed)} requests failed, more than ${String(errors)}`] : []),
  ];
}

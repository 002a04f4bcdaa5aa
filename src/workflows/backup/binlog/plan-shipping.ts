import type { BinlogPosition } from "../backup-record.ts";
import type { BinlogArchive, BinlogSegment, ShippedBinlog } from "./binlog-archive.ts";

/** What a server has: all its binlogs in order; the last one is being written. */
export interface ServerBinlogs {
  readonly timeline: string;
  readonly logs: readonly ShippedBinlog[];
}

/** What is to be shipped, and into which segment. */
export interface ShippingPlan {
  /** Closed binlogs that are not shipped yet. */
  readonly ship: readonly ShippedBinlog[];
  /** Null: they go on from what was shipped last. Else why they don't: a gap is published, never bridged. */
  readonly gap: string | null;
  /** What is there does not follow from what was shipped although it says so: the data directory was put back. */
  readonly renamed: boolean;
}

/** A place in the binlogs that a backup begins at. */
type Place = Pick<BinlogPosition, "timeline" | "file">;

/**
 * Compares what a server has with what was shipped. Only what a backup can be continued with is shipped, and the newest one, by which the next round knows
 * where to go on: a server may still have thousands from before the first backup. Pure.
 */
export function planShipping(last: BinlogSegment | undefined, server: ServerBinlogs, needed: readonly Place[]): ShippingPlan {
  const closed = server.logs.slice(0, -1);
  const oldest = oldestNeeded(needed, server.timeline);
  const fromNeeded = closed.filter(({ file }) => numberOf(file) >= oldest);
  const begin = fromNeeded.length > 0 ? fromNeeded : closed.slice(-1);
  if (last === undefined) return { ship: begin, gap: null, renamed: false };
  if (last.timeline !== server.timeline) return { ship: begin, gap: "the server has another data directory", renamed: false };
  const [first, newest] = [last.files[0], last.files.at(-1)];
  if (first === undefined || newest === undefined) return { ship: begin, gap: null, renamed: false };
  if (wasPutBack(last.files, newest, server.logs))
    return { ship: closed.slice(-1), gap: "the server's data directory was put back to an earlier state", renamed: true };
  const later = closed.filter(({ file }) => numberOf(file) > numberOf(newest.file));
  if (later[0] !== undefined && numberOf(later[0].file) !== numberOf(newest.file) + 1)
    return { ship: later, gap: "binlogs were deleted on the server before they were shipped", renamed: false };
  return { ship: [...before(first, fromNeeded), ...later], gap: null, renamed: false };
}

/** A backup that took long begins at binlogs which nobody needed while it was made: those that lead up to what was shipped, without a gap. */
function before(first: ShippedBinlog, fromNeeded: readonly ShippedBinlog[]): readonly ShippedBinlog[] {
  const earlier = fromNeeded.filter(({ file }) => numberOf(file) < numberOf(first.file)).reverse();
  return earlier.filter(({ file }, at) => numberOf(file) === numberOf(first.file) - 1 - at).reverse();
}

function wasPutBack(shipped: readonly ShippedBinlog[], newest: ShippedBinlog, logs: readonly ShippedBinlog[]): boolean {
  const known = new Map(shipped.map(({ file, bytes }) => [file, bytes]));
  const differs = logs.some(({ file, bytes }, at) => known.has(file) && (known.get(file) !== bytes || at === logs.length - 1));
  return differs || logs.every(({ file }) => numberOf(file) <= numberOf(newest.file));
}

function oldestNeeded(needed: readonly Place[], timeline: string): number {
  return Math.min(Number.POSITIVE_INFINITY, ...needed.filter((place) => place.timeline === timeline).map(({ file }) => numberOf(file)));
}

/** `binlog.000012` is 12. */
export function numberOf(file: string): number {
  return Number(/\.(\d+)$/.exec(file)?.[1] ?? Number.NaN);
}

/** What is known after shipping: the segment goes on, or ends and another begins. */
export function shippedTo(
  archive: BinlogArchive,
  plan: Pick<ShippingPlan, "ship" | "gap">,
  at: { readonly timeline: string; readonly time: string },
): readonly BinlogSegment[] {
  const last = archive.segments.at(-1);
  if (last === undefined || plan.gap !== null) {
    const former = archive.segments.map((one, index) =>
      index === archive.segments.length - 1 && plan.gap !== null ? { ...one, ended: plan.gap } : one,
    );
    return [...former, { timeline: at.timeline, files: plan.ship, from: at.time, to: at.time, ended: null }];
  }
  const files = [...last.files, ...plan.ship].sort((a, b) => numberOf(a.file) - numberOf(b.file));
  return [...archive.segments.slice(0, -1), { ...last, files, to: at.time }];
}

/** The first binlog that stays on a server when all may take only so many bytes; undefined when none need go. */
export function purgeTo(logs: readonly ShippedBinlog[], mostBytes: number): string | undefined {
  let bytes = 0;
  for (let at = logs.length - 1; at >= 0; at -= 1) {
    bytes += logs[at]?.bytes ?? 0;
    if (bytes > mostBytes) return at === logs.length - 1 ? undefined : logs[at + 1]?.file;
  }
  return undefined;
}

/**
 * What stays of the shipped binlogs: from the oldest one that a backup begins at, and never more than so many bytes; the newest always, by which the next
 * round knows where to go on. `needed` are the places of the backups that are kept.
 */
export function keptSegments(segments: readonly BinlogSegment[], needed: readonly Place[], mostBytes: number): readonly BinlogSegment[] {
  let left = mostBytes;
  const kept = segments.toReversed().flatMap((segment, age) => {
    const oldest = oldestNeeded(needed, segment.timeline);
    const files = segment.files.toReversed().filter(({ file, bytes }, at) => {
      left -= bytes;
      return (age === 0 && at === 0) || (left >= 0 && numberOf(file) >= oldest);
    });
    return files.length === 0 && age > 0 ? [] : [{ ...segment, files: files.reverse() }];
  });
  return kept.reverse();
}

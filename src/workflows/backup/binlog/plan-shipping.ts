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

/** Compares what a server has with what was shipped. Pure. */
export function planShipping(last: BinlogSegment | undefined, server: ServerBinlogs): ShippingPlan {
  const closed = server.logs.slice(0, -1);
  if (last === undefined) return { ship: closed, gap: null, renamed: false };
  if (last.timeline !== server.timeline) return { ship: closed, gap: "the server has another data directory", renamed: false };
  const shipped = new Map(last.files.map(({ file, bytes }) => [file, bytes]));
  const differs = server.logs.some(({ file, bytes }, at) => {
    const known = shipped.get(file);
    return known !== undefined && (known !== bytes || at === server.logs.length - 1);
  });
  const newest = last.files.at(-1);
  const behind = newest !== undefined && server.logs.every(({ file }) => numberOf(file) <= numberOf(newest.file));
  if (differs || behind) return { ship: closed, gap: "the server's data directory was put back to an earlier state", renamed: true };
  const ship = closed.filter(({ file }) => !shipped.has(file));
  const [first] = ship;
  const isNext = first === undefined || newest === undefined || numberOf(first.file) === numberOf(newest.file) + 1;
  const lost = "binlogs were deleted on the server before they were shipped";
  return { ship, gap: isNext ? null : lost, renamed: false };
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
  return [...archive.segments.slice(0, -1), { ...last, files: [...last.files, ...plan.ship], to: at.time }];
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
 * What stays of the shipped binlogs: from the oldest one that a backup begins at, and never more than so many bytes. `needed` are
 * the places of the backups that are kept.
 */
export function keptSegments(
  segments: readonly BinlogSegment[],
  needed: readonly { readonly timeline: string; readonly file: string }[],
  mostBytes: number,
): readonly BinlogSegment[] {
  let left = mostBytes;
  const kept = segments.toReversed().flatMap((segment, age) => {
    const starts = needed.filter(({ timeline }) => timeline === segment.timeline).map(({ file }) => numberOf(file));
    const oldest = starts.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...starts);
    const files = segment.files.toReversed().filter(({ file, bytes }) => {
      left -= bytes;
      return left >= 0 && numberOf(file) >= oldest;
    });
    return files.length === 0 && age > 0 ? [] : [{ ...segment, files: files.reverse() }];
  });
  return kept.reverse();
}

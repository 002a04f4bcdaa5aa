/** How far a copy is behind its source. */
export interface CatchUp {
  /** Rounds done so far. */
  readonly round: number;
  /** Bytes of the source's log that are to be read. */
  readonly behindBytes: number;
  /** Milliseconds that the last round took; 0 before the first. */
  readonly lastMs: number;
}

/** What is read and replayed in about a second. */
const SMALL_BYTES = 2 * 1024 * 1024;
const QUICK_MS = 1500;
/** A source that writes faster than its copy follows is held after so many rounds all the same: the rest is then brought while nobody writes. */
const MOST_ROUNDS = 12;

/** Whether another round is worth it before the site is held: it is when it makes the hold shorter. */
export function nextRound({ round, behindBytes, lastMs }: CatchUp): "again" | "hold" {
  if (round >= MOST_ROUNDS) return "hold";
  if (behindBytes > SMALL_BYTES) return "again";
  return round === 0 || lastMs > QUICK_MS ? "again" : "hold";
}

/** A place in a server's log of changes. */
export interface LogPosition {
  readonly file: string;
  readonly position: number;
}

/** A file of the log. */
export interface LogFile {
  readonly file: string;
  readonly bytes: number;
}

/** The files between two places, oldest first; null when the first one is no longer there. */
export function filesBetween(files: readonly LogFile[], from: LogPosition, to: LogPosition): readonly LogFile[] | null {
  const [first, last] = [from.file, to.file].map((name) => files.findIndex(({ file }) => file === name));
  if (first === undefined || last === undefined || first < 0 || last < first) return null;
  return files.slice(first, last + 1);
}

/** How many bytes lie between two places. */
export function bytesBetween(between: readonly LogFile[], from: LogPosition, to: LogPosition): number {
  if (from.file === to.file) return to.position - from.position;
  const middle = between.slice(0, -1).reduce((sum, { bytes }) => sum + bytes, 0);
  return middle - from.position + to.position;
}

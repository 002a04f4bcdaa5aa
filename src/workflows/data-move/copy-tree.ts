import { HowdahError } from "../../kernel/howdah-error.ts";
import { compareArguments, copyArguments, type RsyncCopy } from "../../render/data-move/rsync-arguments.ts";
import { readableBytes } from "../database/byte-progress.ts";
import type { EngineContext } from "../ports.ts";
import { type Difference, parseDifferences } from "./differences.ts";
import { type CopyProgress, type CopyStats, parseLeftOut, parseProgress, parseStats } from "./rsync-output.ts";
import type { RunRsync } from "./run-rsync.ts";

/** An entry of the source that is not brought: a link that leads out of the tree, a device. */
export interface LeftOut {
  readonly path: string;
  readonly why: "link" | "special";
}

/** What a copy did. `errors` are what rsync could not do: a file that can't be read, an attribute that the target refuses. */
export interface Copied {
  readonly stats: CopyStats;
  readonly leftOut: readonly LeftOut[];
  readonly errors: readonly string[];
}

/** Exit codes of rsync(1) by which it has come to its end, with something that it could not do: partial transfer, files that vanished. */
const WITH_ERRORS = [23, 24];
/** Both sides have lost each other: sockets, protocol stream, time-outs, a side that was ended (the last two are a container's). */
const BROKEN = [10, 12, 30, 35, 137, 143];

/**
 * Copies a tree and tells how far it is. Copying is repeated until it is done: whatever was brought is not sent again. Errors: `data/connection-lost`
 * when it broke and may be tried again; `data/volume-full`; `data/copy-failed` with rsync's words.
 */
export async function copyTree(run: RunRsync, copy: RsyncCopy, id: string, { emit, signal }: EngineContext): Promise<Copied> {
  const last: string[] = [];
  const leftOut: LeftOut[] = [];
  const { code, errors } = await run(
    copyArguments(copy),
    (line) => {
      const progress = parseProgress(line);
      if (progress !== undefined) return emit({ type: "task-progress", id, detail: progressWords(progress) });
      const left = parseLeftOut(line);
      if (left !== undefined) leftOut.push(left);
      else if (line !== "+" && last.push(line) > 100) last.shift();
    },
    signal,
  );
  const stats = parseStats(last);
  if (stats !== undefined && (code === 0 || WITH_ERRORS.includes(code))) return { stats, leftOut, errors: ownErrors(errors) };
  throw failed(code, errors);
}

/** Compares both sides. `checksum` reads every byte of both. Errors: as `copyTree`. */
export async function compareTrees(
  run: RunRsync,
  copy: RsyncCopy,
  checksum: boolean,
  { signal }: EngineContext,
): Promise<{ readonly differences: readonly Difference[]; readonly errors: readonly string[] }> {
  const lines: string[] = [];
  const { code, errors } = await run(compareArguments(copy, checksum), (line) => lines.push(line), signal);
  if (code !== 0 && !WITH_ERRORS.includes(code)) throw failed(code, errors);
  return { differences: parseDifferences(lines), errors: ownErrors(errors) };
}

/** `1.2 GB (45 %), 123 of 396, 81.3 MB/s, 0:00:16 left`. */
export function progressWords({ bytes, percent, entries, bytesPerSecond, remaining }: CopyProgress): string {
  const files = entries === undefined ? "" : `, ${String(entries.done)} of ${String(entries.total)} files`;
  return `${readableBytes(bytes)} (${String(percent)} %)${files}, ${readableBytes(bytesPerSecond)}/s, ${remaining} left`;
}

/** rsync's summary of its own errors says nothing beyond them, and the root of a volume is the cluster's: nobody else may change it. */
function ownErrors(errors: readonly string[]): readonly string[] {
  return errors.filter(
    (line) =>
      !/^rsync (error|warning): some files/.test(line) && !/^rsync: .*failed to set (times|permissions) on "(\/data)?\/?\.?"/.test(line),
  );
}

function failed(code: number, errors: readonly string[]): HowdahError {
  const output = errors.slice(-20);
  const full = errors.find((line) => /No space left on device|Disk quota exceeded/.test(line));
  if (full !== undefined) return new HowdahError("data/volume-full", `The volume is full: ${full}`, { output });
  const words = errors.findLast((line) => line.startsWith("rsync")) ?? "it gave no reason";
  if (BROKEN.includes(code)) return new HowdahError("data/connection-lost", `The copy was cut off: ${words}`, { output });
  return new HowdahError("data/copy-failed", `rsync ended with exit code ${String(code)}: ${words}`, { output });
}

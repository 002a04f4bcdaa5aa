import { randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { contentHash } from "./content-hash.ts";

/**
 * Remembers the sha256 of files by what the kernel says about them, so that a file that did not change is not read. As git's index does it:
 * a change moves at least one of size, modification time, change time and inode.
 */
export interface StatCache {
  /** The hash of a file that is as it was when it was hashed. */
  lookup(file: string, stats: BigIntStats): string | undefined;
  /** `stats` are from before the file was read, `readAt` is when reading began (milliseconds since 1970). */
  remember(file: string, stats: BigIntStats, hashed: { readonly sha256: string; readonly readAt: number }): void;
  /** Writes what was looked up or remembered since it was opened; forgets files that were not. */
  save(): Promise<void>;
}

/** Raised when the file's form changes. */
const FORM = 1;

/**
 * How much older than its reading a file's last change must be, in milliseconds: a second write in the same tick of the file system's clock
 * leaves the times as they are (git calls such a file racily clean). Linux' own file systems tick every 10 ms or faster, FAT every 2 s.
 */
const TICK = { fine: 100, coarse: 2_500 };

/** The cache of one tree, kept in `directory`. A damaged file is an empty cache. */
export async function openStatCache(directory: string, root: string): Promise<StatCache> {
  const path = join(directory, `${contentHash(root).slice(0, 32)}.json`);
  const text = await readFile(path, "utf8").catch(() => "");
  const before = parse(text);
  const now = new Map<string, string>();
  return {
    lookup: (file, stats) => {
      const line = before.get(file);
      const key = keyOf(stats);
      if (line === undefined || line.slice(65) !== key) return undefined;
      now.set(file, line);
      return line.slice(0, 64);
    },
    remember: (file, stats, { sha256, readAt }) => {
      if (isSettled(stats, readAt)) now.set(file, `${sha256} ${keyOf(stats)}`);
    },
    save: async () => {
      const written = JSON.stringify({ form: FORM, files: [...now] });
      if (written === text) return;
      const part = `${path}.${randomBytes(6).toString("hex")}.part`;
      await mkdir(dirname(path), { recursive: true });
      try {
        await writeFile(part, written, { mode: 0o600 });
        await rename(part, path);
      } finally {
        await rm(part, { force: true });
      }
    },
  };
}

/** The same for a process that reads one tree again and again; nothing is kept on disk. */
export function memoryStatCache(): StatCache {
  const known = new Map<string, string>();
  return {
    lookup: (file, stats) => {
      const line = known.get(file);
      return line?.slice(65) === keyOf(stats) ? line.slice(0, 64) : undefined;
    },
    remember: (file, stats, { sha256, readAt }) => {
      if (isSettled(stats, readAt)) known.set(file, `${sha256} ${keyOf(stats)}`);
    },
    save: () => Promise.resolve(),
  };
}

function keyOf(stats: BigIntStats): string {
  return `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`;
}

function isSettled(stats: BigIntStats, readAt: number): boolean {
  const tick = stats.ctimeNs % 1_000_000n === 0n ? TICK.coarse : TICK.fine;
  const limit = BigInt(readAt - tick) * 1_000_000n;
  return stats.ctimeNs < limit && stats.mtimeNs < limit;
}

function parse(text: string): ReadonlyMap<string, string> {
  try {
    const { form, files } = JSON.parse(text) as { form: number; files: [string, string][] };
    return form === FORM ? new Map(files) : new Map();
  } catch {
    return new Map();
  }
}

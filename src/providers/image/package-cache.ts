import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { LockedPackage } from "../image-lock.ts";
import { isDiskFull, namingDiskFull } from "./disk-errors.ts";
import { isAlive } from "../../host/is-alive.ts";
import { type FetchOptions, openPackage } from "./package-fetch.ts";

/** Called with bytes that have arrived, and with the name of a package that is complete. */
export interface FetchProgress {
  bytes(count: number): void;
  done(entry: LockedPackage): void;
}

/** Transfers at once: enough to hide a mirror's latency, few enough to be polite. */
const PARALLEL = 6;

/** Where a package lies in the cache; it is there only when whole and verified. */
export function cachedPath(cacheDir: string, sha256: string): string {
  return join(cacheDir, "packages", sha256.slice(0, 2), `${sha256}.deb`);
}

/**
 * Makes sure that all packages are in the cache: by hash, in parallel, resumed where an earlier run stopped, verified.
 * Errors: `image/package-dropped` naming every package that is gone, `image/digest-mismatch`, `image/source-unreachable`, `machine/disk-full`, `cancelled`.
 */
export async function ensurePackages(
  packages: readonly LockedPackage[],
  cacheDir: string,
  options: FetchOptions,
  progress: FetchProgress,
): Promise<void> {
  const queue = [...packages].sort((a, b) => b.size - a.size);
  const dropped: string[] = [];
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const worker = async (): Promise<void> => {
    for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
      if (signal.aborted) return;
      try {
        await ensurePackage(entry, cacheDir, { ...options, signal }, progress);
      } catch (error) {
        if (!(error instanceof HowdahError && error.code === "image/package-dropped")) throw error;
        dropped.push(`${entry.name} ${entry.version}`);
      }
    }
  };
  const workers = Array.from({ length: Math.min(PARALLEL, queue.length) }, () =>
    worker().catch((error: unknown) => {
      stop.abort();
      throw error;
    }),
  );
  const settled = await Promise.allSettled(workers);
  if (options.signal?.aborted) throw cancelled(options.signal);
  for (const result of settled) if (result.status === "rejected" && !isAbort(result.reason)) throw result.reason;
  if (dropped.length > 0) {
    throw new HowdahError("image/package-dropped", `No longer on the mirror: ${dropped.sort().join(", ")}`);
  }
}

function cancelled(signal: AbortSignal): HowdahError {
  return signal.reason instanceof HowdahError ? signal.reason : new HowdahError("cancelled", "Stopped while packages were fetched");
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

async function ensurePackage(entry: LockedPackage, cacheDir: string, options: FetchOptions, progress: FetchProgress): Promise<void> {
  const path = cachedPath(cacheDir, entry.sha256);
  if ((await sizeOf(path)) === entry.size && (await hashOf(path)) === entry.sha256) {
    await utimes(path, new Date(), new Date()).catch(() => undefined); // what is used now is not pruned
    progress.done(entry);
    return;
  }
  // What is there is replaced, never removed: another image that is made meanwhile may have fetched the same package and be reading it.
  await namingDiskFull(cacheDir, () => download(entry, path, options, progress));
  progress.done(entry);
}

async function download(entry: LockedPackage, path: string, options: FetchOptions, progress: FetchProgress): Promise<void> {
  const directory = join(path, "..");
  await mkdir(directory, { recursive: true });
  const part = join(directory, `${entry.sha256}.${randomBytes(4).toString("hex")}.${process.pid}.part`);
  await adoptPart(directory, entry.sha256, part);
  for (let attempt = 0; ; attempt += 1) {
    const had = (await sizeOf(part)) ?? 0;
    const complete = await transfer(entry, part, had < entry.size ? had : 0, { options, progress });
    const actual = complete ? await hashOf(part) : "";
    if (actual === entry.sha256) break;
    if (complete) await rm(part, { force: true });
    if (complete && (attempt > 0 || had === 0)) {
      throw new HowdahError(
        "image/digest-mismatch",
        `${entry.name} ${entry.version} has another content than the lock says (sha256 ${actual})`,
      );
    }
    if (!complete && attempt >= 4)
      throw new HowdahError("image/source-unreachable", `${entry.name}: the transfer broke off again and again`);
  }
  await rename(part, path);
}

/** Appends what is missing. False when the connection broke off: what came is kept. */
async function transfer(
  entry: LockedPackage,
  part: string,
  from: number,
  { options, progress }: { options: FetchOptions; progress: FetchProgress },
): Promise<boolean> {
  const fetched = await openPackage(entry, from, options);
  let received = fetched.offset;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      progress.bytes(chunk.length);
      if (received > entry.size) done(new TooLong());
      else done(null, chunk);
    },
  });
  const file = createWriteStream(part, fetched.offset === 0 ? { flags: "w" } : { flags: "r+", start: fetched.offset });
  try {
    await pipeline(fetched.body, counting, file);
  } catch (error) {
    if (options.signal?.aborted || isDiskFull(error)) throw error;
    if (error instanceof TooLong) return true; // the hash of what is there tells
    return false;
  }
  return received >= entry.size || fetched.offset === 0;
}

class TooLong extends Error {}

/** Goes on with what a process that is gone has left. */
async function adoptPart(directory: string, sha256: string, part: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = Number(/\.(\d+)\.part$/.exec(name)?.[1]);
    if (name.startsWith(sha256) && pid > 0 && pid !== process.pid && !isAlive(pid)) {
      await rename(join(directory, name), part).catch(() => {}); // another process was faster
      return;
    }
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => found.size,
    () => undefined,
  );
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withFileLock } from "../file-lock.ts";
import { isProcessAlive, processIdentity } from "../../host/process-identity.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** Claims of a dead process are kept that long for a removal that was decided while it lived. */
const KEEP_DEAD_MS = 60 * 60 * 1000;
/** Removing an image of gigabytes takes seconds on a slow disk; whoever builds waits for it rather than failing. */
const WAIT_MS = 120_000;
/** So that who waits for the lock has a chance between two removals: it asks every 15 ms. */
const BREATH_MS = 40;

/**
 * What stands between building and removing. Whoever needs an image says so before it looks whether the image is there; whoever removes one
 * asks first, under the same lock. So an image that a build has found is there until the build's process has ended, and a release that came
 * of it can be read by then.
 */
export interface ImageClaims {
  /** Names images that this process needs from now on. Error: `machine/busy` after two minutes. */
  claim(references: readonly string[]): Promise<void>;
  /** Names that other processes need: those that live, and those that have ended since `since` (milliseconds since 1970). */
  others(since: number): Promise<ReadonlySet<string>>;
  /** Removes an image unless another process has claimed it, also one that has ended since `decidedAt`. Answers whether it is gone. */
  removeUnclaimed(reference: string, decidedAt: number, remove: () => Promise<boolean>): Promise<boolean>;
}

/** Reference to the time of its claim, milliseconds since 1970. */
type Claims = Readonly<Record<string, number>>;

/** Claims of all processes that use `directory`: one file each, `PID-START.json`. */
export function imageClaims(directory: string): ImageClaims {
  const own = new Map<string, number>();
  const locked = <T>(work: () => Promise<T>): Promise<T> => withFileLock(join(directory, "lock"), work, WAIT_MS);
  const others = (since: number): Promise<ReadonlySet<string>> => claimedByOthers(directory, since);
  let queue: Promise<unknown> = Promise.resolve();
  return {
    others,
    claim: async (references) => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      if (own.size === 0) await others(Date.now()); // forgets the dead ones
      const name = `${await processIdentity()}.json`;
      const write = async (): Promise<void> => {
        for (const reference of references) own.set(reference, Date.now());
        await locked(() => writeAtomically(join(directory, name), JSON.stringify(Object.fromEntries(own)), { mode: 0o600 }));
      };
      const written = queue.then(write);
      queue = written.catch(() => undefined); // one at a time in this process; a failure is its caller's
      await written;
    },
    removeUnclaimed: async (reference, decidedAt, remove) => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const gone = await locked(async () => !(await others(decidedAt)).has(reference) && (await remove()));
      await sleep(BREATH_MS);
      return gone;
    },
  };
}

async function claimedByOthers(directory: string, since: number): Promise<ReadonlySet<string>> {
  const claimed = new Set<string>();
  for (const name of await readdir(directory).catch(() => [])) {
    const [, identity = "", pid = ""] = /^((\d+)-\d+)\.json$/.exec(name) ?? [];
    if (identity === "" || Number(pid) === process.pid) continue;
    const claims = await readClaims(join(directory, name));
    const lives = await isProcessAlive(identity);
    for (const [reference, at] of Object.entries(claims)) if (lives || at >= since) claimed.add(reference);
    const last = Math.max(0, ...Object.values(claims));
    if (!lives && last < Math.min(since, Date.now() - KEEP_DEAD_MS)) await rm(join(directory, name), { force: true });
  }
  return claimed;
}

async function readClaims(file: string): Promise<Claims> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Claims;
  } catch {
    return {}; // swept by another process just now
  }
}

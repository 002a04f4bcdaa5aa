import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { HowdahError } from "../kernel/howdah-error.ts";
import { isProcessAlive, processIdentity } from "../host/process-identity.ts";

const WAIT_MS = 10_000;
const PAUSE_MS = 15;

/**
 * Runs `work` while no other process works under the same lock file. A holder that died (its process is gone) is succeeded.
 * Error: `machine/busy` when a living one keeps it for longer than `waitMs` (default: ten seconds).
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>, waitMs = WAIT_MS): Promise<T> {
  const token = await acquire(path, waitMs);
  try {
    return await work();
  } finally {
    if ((await read(path)) === token) await rm(path, { force: true });
  }
}

async function acquire(path: string, waitMs: number): Promise<string> {
  const unique = randomBytes(8).toString("hex");
  const token = `${await processIdentity()} ${unique}`;
  const own = `${path}.${unique}`;
  await writeFile(own, token, { mode: 0o600 });
  try {
    for (let waited = 0; waited < waitMs; waited += PAUSE_MS) {
      if (await linked(own, path)) return token;
      await succeedDead(path);
      await sleep(PAUSE_MS);
    }
  } finally {
    await rm(own, { force: true });
  }
  throw new HowdahError("machine/busy", `Another process holds ${path}`);
}

/** link(2) makes the lock with its content in one step, and fails when it is there. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moves a dead holder's lock away. If a new holder came between the look and the move, its lock is put back. */
async function succeedDead(path: string): Promise<void> {
  const holder = await read(path);
  if (holder === undefined || (await isProcessAlive(holder.split(" ")[0] ?? ""))) return;
  const aside = `${path}.dead.${randomBytes(8).toString("hex")}`;
  try {
    await rename(path, aside);
  } catch {
    return; // somebody else was quicker
  }
  if ((await read(aside)) !== holder) await linked(aside, path);
  await rm(aside, { force: true });
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { MachinePort } from "../ports.ts";

/** Names a scratch directory by its process: `backup-PID-START.RANDOM`. */
export const SCRATCH_PREFIX = "backup-";

/** Takes away what killed commands left: a site's whole content, readable, that nobody would ever delete. Those of processes that live stay. */
export async function removeDeadScratch(parent: string, machine: Pick<MachinePort, "isProcessAlive">): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(SCRATCH_PREFIX)) continue;
    const [identity = ""] = name.slice(SCRATCH_PREFIX.length).split(".");
    if (!(await machine.isProcessAlive(identity))) await rm(join(parent, name), { recursive: true, force: true });
  }
}

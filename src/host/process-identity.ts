import { readFile } from "node:fs/promises";
import { pid } from "node:process";

/** Names a process for good: its number, and its start, which no later process with the same number has. */
export async function processIdentity(of: number = pid): Promise<string> {
  return `${of} ${await startOf(of)}`;
}

/** True while the process lives that `processIdentity` named; words after the second are ignored. */
export async function isProcessAlive(identity: string): Promise<boolean> {
  const [number = "", start = ""] = identity.split(" ");
  return start !== "" && (await startOf(Number(number))) === start;
}

/** A process' start in clock ticks since boot (field 22 of /proc/PID/stat, proc(5)); empty when there is none of that number. */
export async function startOf(of: number): Promise<string> {
  const stat = await readFile(`/proc/${of}/stat`, "utf8").catch(() => "");
  // the second field may hold spaces and brackets: count from its last one
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

import { readFile } from "node:fs/promises";
import { pid } from "node:process";

/** Names a process for good, `PID-START`: its number comes back, its start does not. Fit for names of files and for labels. */
export async function processIdentity(of: number = pid): Promise<string> {
  return `${of}-${await startOf(of)}`;
}

/** Whether the process still runs that `processIdentity` named; of no other words it is said that they live. */
export async function isProcessAlive(identity: string): Promise<boolean> {
  const [, number = "", start = ""] = /^([1-9]\d{0,9})-([1-9]\d*)$/.exec(identity) ?? [];
  return start !== "" && (await startOf(Number(number))) === start;
}

/** A process' start in clock ticks since boot (field 22 of /proc/PID/stat, proc(5)); empty when there is none of that number. */
export async function startOf(of: number): Promise<string> {
  const stat = await readFile(`/proc/${of}/stat`, "utf8").catch(() => "");
  // the second field may hold spaces and brackets: count from its last one
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

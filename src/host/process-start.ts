import { readFile } from "node:fs/promises";

/**
 * A process' start time in clock ticks since boot (field 22 of its stat), which tells a process from a later one with the same number; empty
 * when there is none of that number.
 */
export async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

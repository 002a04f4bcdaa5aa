import { readdir, readFile } from "node:fs/promises";
import { run } from "../../src/providers/process.ts";
import { totalUse } from "../speed/container-use.ts";

/** What sites take of a machine's memory, in bytes. */
export interface SitesMemory {
  /** Anonymous and shared memory of their containers: PHP, nginx, and what these keep in memory file systems. */
  readonly containers: number;
  /** Proportional share of conmon and of the pause processes that hold the pods' networks. */
  readonly helpers: number;
}

/** The memory of all pods of namespaces that begin with `prefix` (`t-bench-idle.small-`). */
export async function memoryOfSites(prefix: string): Promise<SitesMemory> {
  const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}"]);
  const names = stdout.split("\n").filter((name) => name.startsWith(prefix));
  const containers = await totalUse(names.filter((name) => !name.endsWith("_infra")));
  return {
    containers: containers.memoryBytes,
    helpers: await helpersOf(
      prefix,
      names.filter((name) => name.endsWith("_infra")),
    ),
  };
}

/** The kernel's own count of what can be given to programs, in bytes. */
export async function availableMemory(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8");
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

async function helpersOf(prefix: string, infra: readonly string[]): Promise<number> {
  const inspected = infra.length === 0 ? "" : (await run(["podman", "inspect", "--format", "{{.State.Pid}}", ...infra])).stdout;
  const pids = new Set(inspected.split("\n").filter((pid) => pid !== ""));
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (words[0]?.endsWith("conmon") === true && words.some((word) => word.startsWith(prefix))) pids.add(pid);
  }
  const shares = await Promise.all([...pids].map(shareOf));
  return shares.reduce((sum, share) => sum + share, 0);
}

async function shareOf(pid: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

import { readFile } from "node:fs/promises";
import { run } from "../../src/providers/process.ts";

/** What a container has used. */
export interface ContainerUse {
  readonly cpuSeconds: number;
  /** Anonymous and shared memory; the page cache of files is the machine's. */
  readonly memoryBytes: number;
}

async function firstOf(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) return text;
  }
  throw new Error(`None of these is there: ${paths.join(", ")}`);
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}

/** Reads a running container's cgroup, of either version. */
export async function containerUse(container: string): Promise<ContainerUse> {
  const path = (await run(["podman", "inspect", "--format", "{{.State.CgroupPath}}", container])).stdout.trim();
  const cpu = await firstOf([`/sys/fs/cgroup/cpuacct${path}/cpuacct.usage`, `/sys/fs/cgroup${path}/cpu.stat`]);
  const memory = await firstOf([`/sys/fs/cgroup/memory${path}/memory.stat`, `/sys/fs/cgroup${path}/memory.stat`]);
  const isOld = /^\d+$/.test(cpu.trim());
  return {
    cpuSeconds: isOld ? Number(cpu) / 1e9 : field(cpu, "usage_usec") / 1e6,
    memoryBytes: isOld ? field(memory, "rss") + field(memory, "shmem") : field(memory, "anon") + field(memory, "shmem"),
  };
}

/** The sum over containers. */
export async function totalUse(containers: readonly string[]): Promise<ContainerUse> {
  const all = await Promise.all(containers.map(containerUse));
  return {
    cpuSeconds: all.reduce((sum, use) => sum + use.cpuSeconds, 0),
    memoryBytes: all.reduce((sum, use) => sum + use.memoryBytes, 0),
  };
}

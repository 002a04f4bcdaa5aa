import { readFile } from "node:fs/promises";

/** True when a worker finishes what it began and takes nothing new. */
export async function isShuttingDown(pid: number): Promise<boolean> {
  const title = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "gone: shutting down");
  return title === "" || title.includes("shutting down");
}

/** nginx is the container's first process, or its child when an init stands before it. */
export async function nginxMaster(pid: number): Promise<number> {
  for (const child of [pid, ...(await workersOf(pid))]) {
    const title = await readFile(`/proc/${child}/cmdline`, "utf8").catch(() => "");
    if (title.startsWith("nginx: master")) return child;
  }
  return pid;
}

/** Child processes. */
export async function workersOf(pid: number): Promise<Set<number>> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return new Set(
    text
      .split(" ")
      .filter((part) => part !== "")
      .map(Number),
  );
}

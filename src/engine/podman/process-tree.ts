import { readdir, readFile } from "node:fs/promises";
import type { Clock } from "../../kernel/clock.ts";

/** What a program gets between TERM and KILL. */
const GRACE_MS = 10_000;
const POLL_MS = 100;

/**
 * The processes of a run: those whose environment carries its mark, and what descends from them. A process that left its parent and its
 * session keeps its environment, so nothing escapes that does not clear it on purpose (Jenkins finds its builds' processes so, too).
 * `mark` is `NAME=VALUE` with a value that nobody can guess.
 */
export async function markedProcesses(mark: string): Promise<number[]> {
  const seen = await Promise.all((await readdir("/proc")).filter((entry) => /^\d+$/.test(entry)).map((entry) => look(Number(entry), mark)));
  const found = new Set(seen.filter((one) => one?.marked === true).map((one) => one?.pid ?? 0));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const one of seen) if (one !== undefined && found.has(one.parent)) found.add(one.pid);
  }
  return [...found];
}

/** Ends all processes of a run, and those that they start meanwhile: TERM, then KILL. Returns when none is left. */
export async function endProcesses(mark: string, clock: Clock): Promise<void> {
  const told = new Set<number>();
  const until = clock.now() + GRACE_MS;
  for (;;) {
    const left = await markedProcesses(mark);
    if (left.length === 0) return;
    const late = clock.now() >= until;
    for (const pid of left) if (late || !told.has(pid)) signal(pid, late ? "SIGKILL" : "SIGTERM");
    for (const pid of left) told.add(pid);
    await clock.sleep(POLL_MS);
  }
}

async function look(pid: number, mark: string): Promise<{ pid: number; parent: number; marked: boolean } | undefined> {
  try {
    const [stat, environment] = await Promise.all([readFile(`/proc/${pid}/stat`, "utf8"), readFile(`/proc/${pid}/environ`, "utf8")]);
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") return undefined; // it has ended; its parent has not looked yet
    return { pid, parent: Number(parent), marked: environment.split("\0").includes(mark) };
  } catch {
    return undefined; // it ended while we looked
  }
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended meanwhile
  }
}

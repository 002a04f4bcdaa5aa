import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { startOf } from "../../host/process-identity.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** A pod that was seen ready, and how to know that it is still the same one. */
export interface ReadyMark {
  readonly namespace: string;
  readonly pod: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  /** The process that holds the pod's network; a mark dies with it. */
  readonly pid: number;
  /** Why its probe says no by now. Such a pod stays in the way in only while no other one is ready. */
  readonly doubt?: string;
}

/** True for a mark without doubt. */
export function isReady(mark: ReadyMark | undefined): mark is ReadyMark {
  return mark !== undefined && mark.doubt === undefined;
}

/**
 * Which pods are ready, shared by the commands and the agent: one file per pod where a reboot takes it away.
 * Whoever probes a pod marks it; the way in is made from the marks of processes that live.
 */
export interface ReadyMarks {
  add(mark: ReadyMark): Promise<void>;
  remove(pod: string): Promise<void>;
  /** Marks of pods that live, by pod. */
  all(): Promise<ReadonlyMap<string, ReadyMark>>;
}

interface StoredMark extends ReadyMark {
  /** Start time of the process in clock ticks: process ids come again. */
  readonly born: string;
}

/** Keeps the marks below `runDir`. */
export function readyMarks(runDir: string): ReadyMarks {
  const directory = join(runDir, "ready");
  return {
    add: async (mark) => {
      const born = await startOf(mark.pid);
      if (born === "") return;
      await mkdir(directory, { recursive: true, mode: 0o711 });
      await writeAtomically(join(directory, mark.pod), JSON.stringify({ ...mark, born } satisfies StoredMark), { mode: 0o600 });
    },
    remove: (pod) => rm(join(directory, pod), { force: true }),
    all: async () => {
      const found = new Map<string, ReadyMark>();
      const files = await readdir(directory).catch(() => []);
      for (const file of files) {
        const mark = await readMark(join(directory, file));
        if (mark !== undefined && mark.pod === file && (await startOf(mark.pid)) === mark.born) found.set(mark.pod, mark);
      }
      return found;
    },
  };
}

async function readMark(path: string): Promise<StoredMark | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as StoredMark;
  } catch {
    return undefined; // it was taken away, or is a temporary file: either way no mark
  }
}

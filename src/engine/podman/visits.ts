import { constants } from "node:fs";
import { lstat, mkdir, open, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { edgeRunDirectory, visitsFile } from "./edge-ports.ts";

/**
 * When a namespace was used last: the time of a file that the edge writes at visits, and of one that Howdah writes when it uses the
 * namespace itself. Nothing is read or kept in between, so it costs nobody anything and outlives the agent. A reboot takes both away.
 */
export interface Visits {
  /** Milliseconds since the epoch. What nothing is known of was used now: watching begins. */
  last(namespace: string): Promise<number>;
  /** Used at `time`; nothing changes when it was used later. */
  touch(namespace: string, time: number): Promise<void>;
  forget(namespace: string): Promise<void>;
}

/** Two bytes a visit: the edge's /run is memory, and has 16 MiB. */
const CUT_BYTES = 256 * 1024;

/** Reads and keeps them below `runDir`. */
export function visits(runDir: string): Visits {
  const directory = join(runDir, "used");
  const own = (namespace: string): string => join(directory, namespace);
  const touch = async (namespace: string, time: number): Promise<void> => {
    const later = Math.max(time, (await timeOf(own(namespace))) ?? 0);
    await mkdir(directory, { recursive: true, mode: 0o711 });
    await writeFile(own(namespace), "");
    await utimes(own(namespace), later / 1000, later / 1000);
  };
  return {
    touch,
    last: async (namespace) => {
      if ((await timeOf(own(namespace))) === undefined) await touch(namespace, Date.now());
      const seen = join(edgeRunDirectory(runDir), visitsFile(namespace));
      const times = [await timeOf(own(namespace)), await timeOf(seen)];
      await cut(seen);
      return Math.max(...times.map((time) => time ?? 0));
    },
    forget: (namespace) => rm(own(namespace), { force: true }),
  };
}

/** Not through a link: the edge may write there, and must not choose which file is asked. */
async function timeOf(path: string): Promise<number | undefined> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() === true ? found.mtimeMs : undefined;
}

/** Empties a file that has grown, and leaves its time. nginx appends, so it goes on at the new end. */
async function cut(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || !found.isFile() || found.size < CUT_BYTES) return;
  const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return;
  try {
    await file.truncate();
    await file.utimes(found.atime, found.mtime);
  } finally {
    await file.close();
  }
}

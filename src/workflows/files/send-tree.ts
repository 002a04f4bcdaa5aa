import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { HowdahError } from "../../kernel/howdah-error.ts";

/** A tar that is being written, and what went into it. */
export interface Sending {
  readonly stream: Readable;
  /** Resolves when everything was read; awaited beside the stream's reader. */
  readonly done: Promise<{ readonly files: number; readonly bytes: number; readonly leftOut: readonly string[] }>;
}

/**
 * Reads a file or a directory of this machine as tar: `./` first for a directory, its name for a file. Symbolic links, devices and the like are left out
 * and named, and so is what goes while a tree that is used is read; links are never followed, so nothing outside the tree is sent.
 */
export function sendTree(source: string, onBytes: (count: number) => void): Sending {
  const stream = pack();
  const out = new PassThrough();
  void pipeline(stream as unknown as Readable, out).catch(() => {}); // a failure destroys both
  const done = (async () => {
    const counts = { files: 0, bytes: 0, leftOut: [] as string[] };
    try {
      await sendEntry({ path: source, name: "." }, { stream, counts, onBytes });
      stream.finalize();
    } catch (error) {
      stream.destroy(error as Error);
      throw error;
    }
    return counts;
  })();
  done.catch(() => {}); // the caller awaits it after the reader
  return { stream: out, done };
}

interface Job {
  readonly stream: Pack;
  readonly counts: { files: number; bytes: number; readonly leftOut: string[] };
  readonly onBytes: (count: number) => void;
}

/** A volume's own directory: nobody's data, and nobody but root may look into it. */
const OF_THE_VOLUME = "lost+found";

async function sendEntry({ path, name }: { readonly path: string; readonly name: string }, job: Job): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && name !== ".") return undefined;
    throw new HowdahError("usage/invalid", `${path} can't be read: ${error.message}`, { cause: error });
  });
  if (found === undefined || name === OF_THE_VOLUME) job.counts.leftOut.push(path);
  else if (found.isDirectory()) {
    job.stream.entry({ name: `${name}/`, type: "directory", mtime: found.mtime, mode: 0o755 });
    for (const child of (await readdir(path)).sort()) {
      await sendEntry({ path: join(path, child), name: name === "." ? child : `${name}/${child}` }, job);
    }
  } else if (found.isFile()) await sendFile(path, name === "." ? basename(path) : name, job);
  else if (name === ".") throw new HowdahError("usage/invalid", `${path} is neither a file nor a directory`);
  else job.counts.leftOut.push(path);
}

async function sendFile(path: string, name: string, { stream, counts, onBytes }: Job): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size, mtime } = await file.stat();
    const entry = stream.entry({ name, size, mtime, mode: 0o644 }) as unknown as Writable;
    if (size > 0) {
      const reading = file.createReadStream({ end: size - 1, autoClose: false });
      reading.on("data", (chunk) => onBytes(chunk.length));
      await pipeline(reading, entry);
    } else entry.end();
    counts.files += 1;
    counts.bytes += size;
  } finally {
    await file.close();
  }
}

import { constants, createReadStream } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";

/** A pipe in a file's place must not make us wait for its writer. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** What is Howdah's own in a site's volume, and what the file system's. */
const LEFT_OUT = new Set([".howdah", "lost+found"]);

/**
 * Writes the plain files below a directory that somebody else writes to as a tar archive. Each directory is entered by its handle, so whatever becomes a link
 * meanwhile, nothing outside of it is ever read. Files that go meanwhile are left out; one that changes has the size that it began with.
 */
export async function packDirectory(root: string, archive: Writable, signal: AbortSignal): Promise<void> {
  const packed = pack();
  const written = pipeline(packed as unknown as Readable, archive, { end: false, signal });
  written.catch(() => {}); // awaited below
  const top = await open(root, FLAGS | constants.O_DIRECTORY);
  try {
    await packBelow(top, "", packed, signal);
  } finally {
    await top.close();
  }
  packed.finalize();
  await written;
}

async function packBelow(directory: FileHandle, prefix: string, packed: Pack, signal: AbortSignal): Promise<void> {
  const place = `/proc/self/fd/${String(directory.fd)}`;
  for (const name of (await readdir(place)).toSorted()) {
    signal.throwIfAborted();
    if (prefix === "" && LEFT_OUT.has(name)) continue;
    const handle = await open(`${place}/${name}`, FLAGS).catch(unlessGone);
    if (handle === undefined) continue;
    try {
      const found = await handle.stat();
      if (found.isDirectory()) await packBelow(handle, `${prefix}${name}/`, packed, signal);
      else if (found.isFile()) {
        const { size, mode, mtime } = found; // getters, which a spread leaves out
        await packFile(handle, { name: `${prefix}${name}`, size, mode, mtime }, packed);
      }
    } finally {
      await handle.close();
    }
  }
}

/** A link (ELOOP), a socket (ENXIO), or nothing any more. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== undefined && ["ELOOP", "ENXIO", "ENOENT"].includes(error.code)) return undefined;
  throw error;
}

async function packFile(
  handle: FileHandle,
  { name, size, mode, mtime }: { readonly name: string; readonly size: number; readonly mode: number; readonly mtime: Date },
  packed: Pack,
): Promise<void> {
  const entry = packed.entry({ name, size, mode: mode & 0o777, mtime });
  let left = size;
  const exact = new PassThrough();
  const filled = pipeline(exact, entry as unknown as Writable);
  if (size > 0) {
    const source = createReadStream("", { fd: handle.fd, autoClose: false, start: 0, end: size - 1 });
    for await (const chunk of source as AsyncIterable<Buffer>) {
      left -= chunk.length;
      if (!exact.write(chunk)) await new Promise((resolve) => exact.once("drain", resolve));
    }
  }
  for (; left > 0; left -= Math.min(left, 65_536)) exact.write(Buffer.alloc(Math.min(left, 65_536))); // it became shorter
  exact.end();
  await filled;
}

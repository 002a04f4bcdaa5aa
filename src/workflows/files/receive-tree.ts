import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, rename, rm, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { HowdahError } from "../../kernel/howdah-error.ts";

/** What arrived. */
export interface Received {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Writes a tar from a container to `target` on this machine: a directory when its first entry is `./`, else the one file
 * (which goes into the directory, if one is there). The container is not trusted: only files and directories, no name leads elsewhere, no symbolic link is made or followed, modes and
 * owners are not taken over. A file appears under its name only when it is whole. Error: `data/path-refused`.
 */
export async function receiveTree(source: Readable, target: string, onBytes: (count: number) => void): Promise<Received> {
  const archive = extract();
  const fed = pipeline(source, archive);
  fed.catch(() => {}); // awaited below
  const times: { readonly path: string; readonly time: Date }[] = [];
  let files = 0;
  let bytes = 0;
  for await (const source of archive) {
    const entry = source as unknown as Readable & { readonly header: Header };
    const single = files === 0 && times.length === 0 && !(await isDirectory(target));
    const path = pathOf(entry.header, target, single);
    const time = entry.header.mtime;
    if (entry.header.type === "directory") {
      await makeDirectory(path, target);
      times.push({ path, time });
      entry.resume();
    } else {
      await makeDirectory(dirname(path), path === target ? dirname(target) : target);
      bytes += await writeFile(entry, { path, time }, onBytes);
      files += 1;
    }
  }
  await fed;
  for (const { path, time } of times.reverse()) await utimes(path, time, time).catch(unlessOthers);
  return { files, bytes };
}

/** The root of a volume may belong to whoever provisioned it: only its owner may say when it was changed, and nobody needs that. */
function unlessOthers(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPERM") throw error;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
}

function pathOf(header: Header, target: string, single: boolean): string {
  const name = header.name.replace(/\/$/, "");
  if (header.type !== "file" && header.type !== "directory") throw refused(`${name} is neither a file nor a directory`);
  if (name === "." && header.type === "directory") return target;
  if (single && header.type === "file") return target;
  const segments = name.split("/");
  if (name.includes("\0") || segments.some((segment) => segment === "" || segment === "." || segment === ".."))
    throw refused(`the name ${JSON.stringify(name)} leads elsewhere`);
  return join(target, ...segments);
}

function refused(why: string): HowdahError {
  return new HowdahError("data/path-refused", `The site sent something that is not taken: ${why}`);
}

/** Every directory from `base` down is made, or is there and is no symbolic link. */
async function makeDirectory(path: string, base: string): Promise<void> {
  if (path.length > base.length) await makeDirectory(dirname(path), base);
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) await mkdir(path, { recursive: true });
  else if (found.isSymbolicLink() && path.length > base.length) throw refused(`${path} is a symbolic link on this machine`);
  else if (!found.isDirectory() && !found.isSymbolicLink())
    throw new HowdahError("usage/invalid", `${path} is there already and is no directory`);
}

async function writeFile(
  entry: Readable,
  { path, time }: { readonly path: string; readonly time: Date },
  onBytes: (count: number) => void,
): Promise<number> {
  if (await isDirectory(path)) throw new HowdahError("usage/invalid", `${path} is a directory`);
  const draft = join(dirname(path), `.${basename(path).slice(0, 60)}.${randomBytes(6).toString("hex")}.partial`);
  let bytes = 0;
  try {
    const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
    try {
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        await file.writeFile(chunk);
        bytes += chunk.length;
        onBytes(chunk.length);
      }
    } finally {
      await file.close();
    }
    await utimes(draft, time, time);
    await rename(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC")
      throw new HowdahError("machine/disk-full", `No space left while writing ${path}`, { cause: error });
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return bytes;
}

import { createWriteStream } from "node:fs";
import { chmod, chown, mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { RUN_AS } from "../../../kernel/label.ts";
import { readableBytes } from "../../database/byte-progress.ts";
import { type FileTally, tallyFiles } from "./file-forms.ts";
import { transferProgress } from "../../files/transfer-progress.ts";
import { giveToServer } from "../give-to-server.ts";
import type { EngineContext } from "../../ports.ts";

/** What becomes of one file; null: no rule knows it. */
export type FileVerdict = "keep" | "drop" | "replace" | null;

/** How files of a mount are judged. */
export interface FileJudge {
  /** By its path below the mount. */
  verdict(path: string): FileVerdict;
  /** What stands in the place of a file that is replaced: of its type, and nobody's. */
  replacement(path: string): Uint8Array;
}

/** What became of a mount's files. */
export interface CopiedMount {
  /** Absolute in the container. */
  readonly path: string;
  readonly kept: number;
  readonly replaced: number;
  readonly dropped: number;
  readonly bytes: number;
  /** What no rule knows: its forms and how many of each, as `*.pdf (3)`. The names are production's, and this is kept. */
  readonly unknown: readonly string[];
}

/** Writes the files below a mount (absolute in the container) as a tar archive, and follows no symbolic link of a tenant. */
export type ReadMount = (path: string, archive: Writable, context: EngineContext) => Promise<unknown>;

/**
 * Copies a mount of a site to a directory of the dataset, as `read` brings it: no symbolic link of a tenant leads anywhere. What the rules
 * drop is read and thrown away. After the database, so that every file which a row names is there; files that came since are more than the rows know.
 */
export async function copyMount(
  { path, directory, judge }: { readonly path: string; readonly directory: string; readonly judge: FileJudge },
  read: ReadMount,
  context: EngineContext,
): Promise<CopiedMount> {
  const id = `dataset/files ${path}`;
  context.emit({ type: "task-started", id, title: `copy ${path}` });
  await mkdir(directory, { recursive: true });
  await giveToServer(directory, 0o755);
  const archive = new PassThrough();
  const count = transferProgress(context.emit, id);
  archive.on("data", (chunk: Buffer) => count(chunk.length));
  const stopped = new AbortController();
  const packing = { ...context, signal: AbortSignal.any([context.signal, stopped.signal]) };
  const packed = read(path, archive, packing).then(
    () => archive.end(),
    (error: unknown) => {
      archive.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    },
  );
  packed.catch(() => {}); // awaited below
  try {
    const unknown = tallyFiles();
    const copied = { ...(await unpack(archive, { path, directory, judge, unknown })), unknown: unknown.forms() };
    await packed;
    const names = unknown.names();
    if (names !== undefined) context.emit({ type: "notice", level: "warning", message: `No rule knows these files of ${path}: ${names}` });
    const detail = `${String(copied.kept)} files, ${readableBytes(copied.bytes)}; ${String(copied.replaced)} replaced, ${String(copied.dropped)} left out`;
    context.emit({ type: "task-done", id, outcome: "changed", detail });
    return copied;
  } catch (error) {
    stopped.abort(error);
    throw error;
  }
}

async function unpack(
  source: Readable,
  {
    path,
    directory,
    judge,
    unknown,
  }: { readonly path: string; readonly directory: string; readonly judge: FileJudge; readonly unknown: FileTally },
): Promise<Omit<CopiedMount, "unknown">> {
  const unpacked = extract();
  const fed = pipeline(source, unpacked);
  fed.catch(() => {}); // awaited below
  const done = { path, kept: 0, replaced: 0, dropped: 0, bytes: 0 };
  for await (const given of unpacked) {
    const entry = given as unknown as Readable & { readonly header: Header };
    const name = safeName(entry.header.name);
    const verdict = entry.header.type === "file" && name !== null ? judge.verdict(name) : "drop";
    if (name !== null && verdict === null) unknown.add(name);
    if (name === null || entry.header.type === "directory") entry.resume();
    else if (verdict === "keep") {
      await place(join(directory, name), entry.header, (to) => pipeline(entry, createWriteStream(to, { flags: "wx", mode: 0o600 })));
      done.kept += 1;
      done.bytes += entry.header.size ?? 0;
    } else if (verdict === "replace") {
      const instead = judge.replacement(name);
      await place(join(directory, name), entry.header, (to) => writeFile(to, instead, { flag: "wx", mode: 0o600 }));
      entry.resume();
      done.replaced += 1;
      done.bytes += instead.length;
    } else {
      entry.resume();
      done.dropped += 1;
    }
  }
  await fed;
  return done;
}

/** Below the directory, whatever the archive says; null for what would not be, and for the directory itself. */
export function safeName(name: string): string | null {
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  return segments.length === 0 || segments.includes("..") || name.includes("\0") ? null : segments.join("/");
}

/** Nobody else writes to the directory, so no part of the path is a link. Directories that hold nothing are not made. */
async function place(to: string, { mode, mtime }: Header, write: (to: string) => Promise<void>): Promise<void> {
  await makeDirectories(dirname(to));
  await write(to);
  await chown(to, RUN_AS, RUN_AS);
  await chmod(to, (mode ?? 0o644) & 0o777);
  if (mtime !== undefined) await utimes(to, mtime, mtime);
}

async function makeDirectories(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o755 });
  if (first === undefined) return;
  for (let at = directory; at.length >= first.length; at = dirname(at)) await chown(at, RUN_AS, RUN_AS);
}

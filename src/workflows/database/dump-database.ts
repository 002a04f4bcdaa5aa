import { randomBytes } from "node:crypto";
import { lstat, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { PassThrough, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { syncDirectory } from "../../host/sync-directory.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import type { EngineContext, Ports, SiteDatabase, SiteRecord } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import { byteProgress, readableBytes } from "./byte-progress.ts";
import { lastLines } from "./last-lines.ts";
import { serverTarget, siteDatabase } from "./site-database.ts";

/** Where a dump goes: a file (gzip when its name ends in `.gz`), or a stream. */
export type DumpDestination =
  | { readonly file: string /** Replace a file that is there. */; readonly overwrite: boolean }
  | { readonly stream: Writable };

/** What was dumped. */
export interface DumpResult {
  readonly database: string;
  /** Bytes of SQL, before compression. */
  readonly bytes: number;
  readonly file: string | null;
}

/** What mariadb-dump writes last. Without it the dump is not whole, whatever the exit code says. */
export const DUMP_TRAILER = /-- Dump completed/;

export type DumpPorts = Pick<Ports, "engine" | "databases">;

const ID = "database/dump";

/**
 * Dumps a site's database as it is at one moment, while the site goes on. A file appears under its name only when it is whole and
 * on disk. Errors: `usage/invalid` when the file is there, `database/failed` with the program's words, `machine/disk-full`.
 */
export async function dumpDatabase(
  record: SiteRecord,
  destination: DumpDestination,
  ports: DumpPorts,
  context: EngineContext,
): Promise<DumpResult> {
  const { name } = siteDatabase(record);
  context.emit({ type: "task-started", id: ID, title: `dump the database ${name}` });
  try {
    const bytes =
      "stream" in destination
        ? await dumpTo(record, [destination.stream], { ports, context, end: false })
        : await dumpToFile(record, destination, ports, context);
    context.emit({ type: "task-done", id: ID, outcome: "changed", detail: readableBytes(bytes) });
    return { database: name, bytes, file: "file" in destination ? destination.file : null };
  } catch (error) {
    if (error instanceof HowdahError) context.emit({ type: "task-failed", id: ID, code: error.code, message: error.message });
    throw error;
  }
}

async function dumpToFile(
  record: SiteRecord,
  { file, overwrite }: { readonly file: string; readonly overwrite: boolean },
  ports: DumpPorts,
  context: EngineContext,
): Promise<number> {
  const there = await lstat(file).catch(() => undefined);
  if (there?.isDirectory()) throw new HowdahError("usage/invalid", `${file} is a directory`);
  if (there !== undefined && !overwrite)
    throw new HowdahError("usage/invalid", `${file} is there already`, { hint: "Choose another name, or say --overwrite." });
  const partial = `${file}.${randomBytes(6).toString("hex")}.partial`;
  try {
    const sink = (await open(partial, "wx", 0o600)).createWriteStream({ flush: true });
    const bytes = await dumpTo(record, file.endsWith(".gz") ? [createGzip(), sink] : [sink], { ports, context, end: true });
    await rename(partial, file);
    await syncDirectory(dirname(file));
    return bytes;
  } catch (error) {
    throw named(error, file);
  } finally {
    await rm(partial, { force: true });
  }
}

interface DumpOptions {
  readonly ports: DumpPorts;
  readonly context: EngineContext;
  /** End the last stream when done: a file, but not our own stdout. */
  readonly end: boolean;
}

/** Runs mariadb-dump through the streams and judges it by exit code and trailer. Answers the bytes of SQL. */
async function dumpTo(record: SiteRecord, sinks: readonly Writable[], { ports, context, end }: DumpOptions): Promise<number> {
  const { name } = siteDatabase(record);
  const broken = await brokenViews(record, ports, context);
  const source = new PassThrough();
  const progress = byteProgress(context.emit, ID, 0);
  const errors = lastLines();
  const stopped = new AbortController();
  const signal = AbortSignal.any([context.signal, stopped.signal]);
  const written = pipeline([source, progress.stream, ...sinks], { end, signal }).catch((error: unknown) => {
    stopped.abort(error);
    throw error;
  });
  written.catch(() => {}); // awaited below, after the program
  const request = { argv: dumpArgv(siteDatabase(record), broken), stdin: "none", stdout: source, stderr: errors.stream } as const;
  try {
    const code = await ports.engine.exec(serverTarget(record), request, { ...context, signal });
    source.end();
    await written;
    if (code !== 0 || !DUMP_TRAILER.test(progress.tail())) throw dumpFailed(name, code, errors.lines());
    return progress.bytes();
  } catch (error) {
    source.destroy();
    await written.catch((first: unknown) => {
      if (!context.signal.aborted && stopped.signal.aborted) throw first;
    });
    throw error;
  }
}

/** A view without its tables would fail the dump, and its import: it is left out, and named. */
export async function brokenViews(record: SiteRecord, ports: DumpPorts, context: EngineContext): Promise<readonly string[]> {
  const { server, name } = siteDatabase(record);
  const broken = await ports.databases.brokenViews({ server: serverReference(server, ports), name });
  for (const view of broken) {
    context.emit({ type: "notice", level: "warning", message: `The view ${view} refers to tables that are gone: it is not in the dump` });
  }
  return broken;
}

/** mariadb-dump beside the server: one moment of the whole database, and nothing of others. */
export function dumpArgv({ name, client }: Pick<SiteDatabase, "name" | "client">, broken: readonly string[]): string[] {
  return [
    "mariadb-dump",
    `--defaults-file=${DATABASE_PATHS.clientFile}`,
    // The file of a server elsewhere says where that is.
    ...(client === undefined ? [`--socket=${DATABASE_PATHS.socket}`] : []),
    "--single-transaction",
    "--quick",
    "--routines",
    "--triggers",
    "--events",
    "--hex-blob",
    "--default-character-set=utf8mb4",
    "--no-tablespaces",
    ...broken.map((view) => `--ignore-table=${name}.${view}`),
    "--",
    name,
  ];
}

function dumpFailed(name: string, code: number, output: readonly string[]): HowdahError {
  const why = code === 0 ? "its last line is missing, so it is not whole" : `mariadb-dump ended with exit code ${code}`;
  return new HowdahError("database/failed", `The dump of ${name} failed: ${why}`, { output, hint: "Nothing was written." });
}

function named(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new HowdahError("machine/disk-full", `No space left while writing ${file}`, { cause: error });
  if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR" || code === "EROFS")
    return new HowdahError("usage/invalid", `${file} can't be written: ${(error as Error).message}`, { cause: error });
  return error;
}

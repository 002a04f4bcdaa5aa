import { PassThrough, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { sql, text } from "../../kernel/sql.ts";
import { byteProgress, readableBytes } from "../database/byte-progress.ts";
import { brokenViews, dumpArgv } from "../database/dump-database.ts";
import { lastLines } from "../database/last-lines.ts";
import { serverTarget, siteDatabase } from "../database/site-database.ts";
import type { EngineContext, SiteRecord } from "../ports.ts";
import { askServer } from "./ask-server.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackedUpDatabase } from "./backup-record.ts";
import { timelineOf } from "./binlog/timeline.ts";
import { type DumpDigest, dumpDigest } from "./dump-digest.ts";
import type { SavePart } from "./take-backup.ts";

const ID = "backup/database";
export const DATABASE_PART = "database.sql";

/** The options that make two dumps of one content the same text, but for comments. */
export function comparableDumpArgv(record: SiteRecord, broken: readonly string[], more: readonly string[] = []): string[] {
  const argv = dumpArgv(siteDatabase(record), broken);
  return argv.toSpliced(argv.indexOf("--"), 0, "--skip-dump-date", ...more);
}

/**
 * Saves a site's database as it is at one moment. It counts as saved only when mariadb-dump ended well, its last line is there, and
 * every table that the server names is in the dump. Error: `backup/failed` with the reason.
 */
export async function saveDatabase(
  record: SiteRecord,
  save: SavePart,
  ports: BackupPorts,
  context: EngineContext,
): Promise<BackedUpDatabase> {
  const { name, user, server, client } = siteDatabase(record);
  context.emit({ type: "task-started", id: ID, title: `save the database ${name}` });
  const [[version = "", log = "0"] = []] = await askServer(siteDatabase(record), sql`SELECT VERSION(), @@log_bin`, ports, context);
  // Of a server outside no binlogs are shipped, and its data directory is not here: no place in them is asked for.
  const binlog = client === undefined && log === "1";
  const before = await tableNames(record, ports, context);
  const broken = await brokenViews(record, ports, context);
  const argv = comparableDumpArgv(record, broken, binlog ? ["--master-data=2"] : []);
  const timeline = binlog ? await timelineOf(server, ports, context) : null;
  const begun = new Date(ports.clock.now()).toISOString();
  let digest: DumpDigest | undefined;
  const part = await save({ name: DATABASE_PART, part: "database" }, async (sink) => {
    digest = await dumpInto(sink, { record, argv }, ports, context);
    const still = new Set(await tableNames(record, ports, context));
    const missing = before.filter((table) => still.has(table) && digest?.tables[table] === undefined);
    if (missing.length > 0) throw failed(name, `it lacks ${missing.slice(0, 5).join(", ")}, which the server has`, []);
  });
  if (digest === undefined) throw new TypeError("a part that was saved was produced");
  const { bytes, sha256, tables } = digest;
  const position = digest.position === null || timeline === null ? null : { ...digest.position, timeline };
  context.emit({ type: "task-done", id: ID, outcome: "changed", detail: readableBytes(bytes) });
  const ended = new Date(ports.clock.now()).toISOString();
  return { part: part.id, name, user, server, version, bytes, sha256, tables, position, begun, ended };
}

async function tableNames(record: SiteRecord, ports: BackupPorts, context: EngineContext): Promise<readonly string[]> {
  const database = siteDatabase(record);
  const { name } = database;
  const rows = await askServer(
    database,
    sql`SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(name)} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')`,
    ports,
    context,
  );
  return rows.map(([table = ""]) => table);
}

async function dumpInto(
  sink: Writable,
  { record, argv }: { readonly record: SiteRecord; readonly argv: readonly string[] },
  ports: BackupPorts,
  context: EngineContext,
): Promise<DumpDigest> {
  const { name } = siteDatabase(record);
  const source = new PassThrough();
  const reading = dumpDigest();
  const progress = byteProgress(context.emit, ID, 0);
  const errors = lastLines();
  const stopped = new AbortController();
  const signal = AbortSignal.any([context.signal, stopped.signal]);
  const written = pipeline([source, progress.stream, reading.stream, sink], { end: false, signal }).catch((error: unknown) => {
    stopped.abort(error);
    throw error;
  });
  written.catch(() => {}); // awaited below, after the program
  let code: number;
  try {
    code = await ports.engine.exec(
      serverTarget(record),
      { argv, stdin: "none", stdout: source, stderr: errors.stream },
      { ...context, signal },
    );
  } catch (error) {
    source.destroy();
    await written.catch((first: unknown) => {
      if (stopped.signal.aborted && !context.signal.aborted) throw first;
    });
    throw error;
  }
  source.end();
  await written;
  const digest = reading.result();
  if (code !== 0) throw failed(name, `mariadb-dump ended with exit code ${String(code)}`, errors.lines());
  if (!digest.complete) throw failed(name, "its last line is missing, so it is not whole", errors.lines());
  return digest;
}

function failed(name: string, why: string, output: readonly string[]): HowdahError {
  return new HowdahError("backup/failed", `The dump of ${name} is not whole: ${why}`, { output });
}

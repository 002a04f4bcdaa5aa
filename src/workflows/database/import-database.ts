import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import { adoptContent } from "./adopt-content.ts";
import { byteProgress, readableBytes } from "./byte-progress.ts";
import { openDumpBesideData } from "./dumps-beside-data.ts";
import { bringFromBesideSite, isBesideSite, requireReadable } from "./dumps-beside-site.ts";
import { inspectDump, openDump, scanned, spool } from "./inspect-dump.ts";
import { logIn, runClient } from "./run-client.ts";
import { safetyDirectory, safetyDump } from "./safety-dumps.ts";
import { BRINGING_OPTIONS, siteDatabase } from "./site-database.ts";
import { SqlScanner } from "./sql-scanner.ts";

/** What to import. */
export interface ImportRequest {
  /** SQL, or SQL in gzip. */
  readonly source: { readonly file: string } | { readonly stream: Readable };
  /** The person agrees that tables which are there are changed. */
  readonly yes: boolean;
  /** Empty the database first, so that it holds the dump and nothing else. */
  readonly clean: boolean;
}

/** What was imported. */
export interface ImportResult {
  readonly database: string;
  /** Tables and views now. */
  readonly tables: number;
  /** What was there before: `howdah db import --clean` takes it back. Null when there was nothing. */
  readonly before: string | null;
}

export type ImportPorts = Pick<Ports, "engine" | "secrets" | "databases" | "settings" | "clock" | "locks">;

const ID = "database/import";

/**
 * Imports a dump as the site's own user, so that it can't leave the site's database. The dump is read whole and the user logs in once
 * before anything changes; what is there is dumped first; when a statement fails or the person stops it, the former content is put back.
 * The site's lock is held, so that no `up` installs or migrates meanwhile.
 * Errors: `usage/invalid` (not agreed, not a whole dump, several databases), `database/failed` with the server's words, `machine/busy`.
 */
export async function importDatabase(
  record: SiteRecord,
  request: ImportRequest,
  ports: ImportPorts,
  context: EngineContext,
): Promise<ImportResult> {
  const { name } = siteDatabase(record);
  context.emit({ type: "task-started", id: ID, title: `import into the database ${name}` });
  const spooled = join(safetyDirectory(record, ports), `stdin-${randomBytes(6).toString("hex")}.sql`);
  try {
    if ("stream" in request.source) await spool(request.source.stream, spooled, context.signal);
    const file = "file" in request.source ? request.source.file : spooled;
    await inspectDump(file, context.signal);
    const { tables, before } = await ports.locks.hold(record.namespace, "db import", async () =>
      replaceContent(record, { ...request, file }, ports, context),
    );
    context.emit({ type: "task-done", id: ID, outcome: "changed", detail: `${tables} tables` });
    return { database: name, tables, before };
  } catch (error) {
    const failure = context.signal.aborted ? new HowdahError("cancelled", "The import was stopped", { cause: error }) : error;
    if (failure instanceof HowdahError) context.emit({ type: "task-failed", id: ID, code: failure.code, message: failure.message });
    throw failure;
  } finally {
    await rm(spooled, { force: true });
  }
}

async function replaceContent(
  record: SiteRecord,
  request: ImportRequest & { readonly file: string },
  ports: ImportPorts,
  context: EngineContext,
): Promise<Pick<ImportResult, "tables" | "before">> {
  await logIn(record, ports, context);
  await requireMayWrite(record, ports);
  const before = await keepFormer(record, request, ports, context);
  await importOrUndo(record, { file: request.file, clean: request.clean, before }, ports, context);
  return { tables: await ports.databases.tableCount(reference(record, ports)), before };
}

/** What fills a database is its own user, which may be stopped from writing: what was emptied then would stay empty. */
async function requireMayWrite(record: SiteRecord, ports: ImportPorts): Promise<void> {
  const { server, name } = reference(record, ports);
  if (!(await ports.databases.blockedDatabases(server)).includes(name)) return;
  throw new HowdahError(
    "database/failed",
    `The database ${name} may not be written to: its server's disk is almost full, or it is above its profile`,
    {
      hint: "Nothing was changed. Make room first: docs/how-to/when-the-database-disk-is-full.md.",
    },
  );
}

/**
 * Empties a database that gets its own former content again. A migration or an import that filled the disk was stopped by taking the right to write from
 * its user (`blockWrites`): what was there before had room, and needs that right.
 */
async function emptyForFormer(record: SiteRecord, ports: ImportPorts): Promise<void> {
  await ports.databases.emptyDatabase(reference(record, ports));
  await ports.databases.allowWrites(reference(record, ports));
}

function reference(record: SiteRecord, ports: ImportPorts) {
  const { server, name } = siteDatabase(record);
  return { server: serverReference(server, ports), name };
}

async function keepFormer(record: SiteRecord, request: ImportRequest, ports: ImportPorts, context: EngineContext): Promise<string | null> {
  const tables = await ports.databases.tableCount(reference(record, ports));
  if (tables === 0) return null;
  if (!request.yes) {
    throw new HowdahError("usage/invalid", `The database of ${record.site.name} holds ${tables} tables that the import may replace`, {
      hint: "Say --yes to go on; what is there is dumped first.",
    });
  }
  return await safetyDump(record, ports, context);
}

interface Import {
  readonly file: string;
  readonly clean: boolean;
  readonly before: string | null;
}

/** After a failure the database is emptied and gets its former content again, also when the person has stopped the import. */
async function importOrUndo(record: SiteRecord, wanted: Import, ports: ImportPorts, context: EngineContext): Promise<void> {
  try {
    if (wanted.clean) await ports.databases.emptyDatabase(reference(record, ports));
    await feedClient(record, await openDump(wanted.file), ports, context);
    await adoptContent(record, ports, context);
  } catch (error) {
    context.emit({ type: "task-progress", id: ID, detail: "puts the former content back" });
    try {
      await putBack(record, wanted.before, ports, { emit: context.emit, signal: new AbortController().signal });
    } catch (second) {
      throw notUndone(record, wanted.before, error, second);
    }
    throw error;
  }
}

/** Puts a whole dump of ours (`dumpBeforeMigration`'s) in the place of what a database holds. The caller holds the site's lock. */
export async function restoreDump(record: SiteRecord, file: string, ports: ImportPorts, context: EngineContext): Promise<void> {
  context.emit({ type: "task-started", id: ID, title: `put the database ${siteDatabase(record).name} back as it was` });
  if (ports.engine.kind === "kubernetes" && isBesideSite(record)) {
    await requireReadable(record, file, ports, context);
    await emptyForFormer(record, ports);
    await bringFromBesideSite(record, file, ports, context);
    context.emit({ type: "task-done", id: ID, outcome: "changed" });
    return;
  }
  await logIn(record, ports, context);
  const isBeside = ports.engine.kind === "kubernetes";
  const dump = isBeside ? { source: openDumpBesideData(record, file, ports, context), size: 0, unpack: [] } : await openDump(file);
  await emptyForFormer(record, ports);
  await feedClient(record, dump, ports, context); // its ledger is from the same moment: nothing is to be adopted
  context.emit({ type: "task-done", id: ID, outcome: "changed" });
}

/** Nothing is emptied unless the user can log in: what could not be filled again afterwards is better left as it is. */
async function putBack(record: SiteRecord, before: string | null, ports: ImportPorts, context: EngineContext): Promise<void> {
  await logIn(record, ports, context);
  await emptyForFormer(record, ports);
  if (before === null) return;
  await feedClient(record, await openDump(before), ports, context);
  await adoptContent(record, ports, context);
}

function notUndone(record: SiteRecord, before: string | null, first: unknown, second: unknown): HowdahError {
  const words = [first, second].map((error) => (error instanceof Error ? error.message : String(error)));
  const what = before === null ? "The database was empty before." : `What was there before is in ${before}.`;
  return new HowdahError("database/failed", `The import into ${record.site.name} failed, and the former content could not be put back`, {
    output: words,
    hint: `${what} Run \`howdah db import --clean --yes\` with it when the server works again.`,
  });
}

/** Sends a dump to the client in the server's container. */
async function feedClient(
  record: SiteRecord,
  dump: Awaited<ReturnType<typeof openDump>>,
  ports: ImportPorts,
  context: EngineContext,
): Promise<void> {
  const { source, size, unpack } = dump;
  const progress = byteProgress(context.emit, ID, size);
  const statements = new PassThrough();
  const sent = pipeline([source, progress.stream, ...unpack, scanned(new SqlScanner()), statements], { signal: context.signal });
  sent.catch(() => {}); // awaited below
  const { code, output } = await runClient(record, { statements, options: BRINGING_OPTIONS }, ports, context);
  if (code !== 0) {
    source.destroy();
    throw new HowdahError(
      "database/failed",
      `The import stopped at a statement that the server refuses (after ${readableBytes(progress.bytes())} were sent)`,
      { output, hint: "The database is as it was before the import." },
    );
  }
  await sent;
}

import { createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { writeAtomically } from "../../../host/write-atomically.ts";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { sql, text } from "../../../kernel/sql.ts";
import { BINLOG, DATABASE_PATHS } from "../../../render/database/server-options.ts";
import type { EngineContext } from "../../ports.ts";
import { askServer, inServer } from "../ask-server.ts";
import type { BackupPorts } from "../backup-ports.ts";
import { findStore, openStore } from "../stores.ts";
import { archiveTags, formerParts } from "./archive-parts.ts";
import type { BinlogArchive, ShippedBinlog } from "./binlog-archive.ts";
import { keptSegments, planShipping, purgeTo, shippedTo } from "./plan-shipping.ts";
import { timelineOf } from "./timeline.ts";

/** What is known of the binlogs, beside them. */
export const ARCHIVE_FILE = "archive.json";
const FILE = /^[a-z]{1,20}\.\d{6,10}$/;
/** What may wait here, and in the store, for restores to any second. */
const MOST_BYTES = 4 * BINLOG.totalBytes;

/** Where a server's shipped binlogs lie on this machine; the store has the same. */
export function spoolDirectory(server: string, ports: Pick<BackupPorts, "settings">): string {
  return join(ports.settings.stateDirectory, "backup", "binlogs", server);
}

/** Where one timeline's files lie below it. */
export function spooledFile(spool: string, timeline: string, file: string): string {
  return join(spool, timeline, file);
}

/**
 * Closes the binlog that is written, copies what is closed, and saves it to the store. Answers what is known now. What was not shipped is a gap
 * that is written down. Errors: those of the server and the store; nothing is believed shipped that is not in the store.
 */
export async function shipBinlogs(server: string, store: string, ports: BackupPorts, context: EngineContext): Promise<BinlogArchive> {
  const known = await ports.backups.archives.get(server);
  const archive = known ?? { server, segments: [], store, part: null, shippedAt: null, failure: null, idle: null };
  const time = await serverTime(server, ports, context);
  let logs = await binlogsOf(server, ports, context);
  const current = logs.at(-1);
  if (current === undefined) throw new HowdahError("database/failed", `The server ${server} keeps no binlog`);
  const quiet = archive.idle?.file === current.file && archive.idle.bytes === current.bytes && archive.part !== null;
  if (!quiet) {
    await askServer({ server }, sql`FLUSH BINARY LOGS`, ports, context);
    logs = await binlogsOf(server, ports, context);
  }
  const timeline = await timelineOf(server, ports, context);
  const needed = await neededBy(server, ports);
  const plan = planShipping(archive.segments.at(-1), { timeline, logs }, needed);
  const named = plan.renamed ? await timelineOf(server, ports, context, "anew") : timeline;
  const spool = spoolDirectory(server, ports);
  for (const log of plan.ship) await copyOut(server, log, spooledFile(spool, named, log.file), ports, context);
  const segments = keptSegments(shippedTo(archive, plan, { timeline: named, time }), needed, MOST_BYTES);
  await dropOthers(spool, segments);
  const next: BinlogArchive = { ...archive, segments, store, shippedAt: time, failure: null, idle: logs.at(-1) ?? null };
  const part = plan.ship.length === 0 && archive.part !== null ? archive.part : await save(next, spool, ports, context);
  const shipped: BinlogArchive = { ...next, part };
  await ports.backups.archives.put(server, shipped);
  return shipped;
}

/**
 * What is shipped of a server that nothing is shipped from any more: kept as long as a backup can be continued with it. Without one the spool goes, with what
 * the store has of it; the next schedule begins anew. Answers whether anything went.
 */
export async function cleanSpool(archive: BinlogArchive, ports: BackupPorts, signal: AbortSignal): Promise<boolean> {
  const { server } = archive;
  const needed = await neededBy(server, ports);
  if (
    archive.segments.some(({ timeline, files }) =>
      needed.some((one) => one.timeline === timeline && files.some(({ file }) => file === one.file)),
    )
  )
    return false;
  if (archive.part !== null) {
    const repository = await openStore(await findStore(archive.store, ports), ports);
    await repository.forget([...(await formerParts(archive, repository, signal)), archive.part], { prune: false }, signal);
  }
  await rm(spoolDirectory(server, ports), { recursive: true, force: true });
  await ports.backups.archives.remove(server);
  return true;
}

/** Whether a server of Howdah's own has to be looked after: from 11.4 on they keep their bound in bytes themselves, and nobody need ask them each minute. */
export function needsBound(server: string): boolean {
  const [, major, minor] = /^mariadb-(\d+)-(\d+)$/.exec(server) ?? [];
  return major === undefined || Number(major) < 11 || (Number(major) === 11 && Number(minor) < 4);
}

/** Never more binlogs on a server's disk than the bound. Answers whether some went. Error: `database/failed` also for a server without a binlog. */
export async function boundBinlogs(server: string, ports: Pick<BackupPorts, "engine">, context: EngineContext): Promise<boolean> {
  const first = purgeTo(await listBinlogs(server, ports, context), BINLOG.totalBytes);
  if (first === undefined) return false;
  await askServer({ server }, sql`PURGE BINARY LOGS TO ${text(first)}`, ports, context);
  return true;
}

async function serverTime(server: string, ports: Pick<BackupPorts, "engine">, context: EngineContext): Promise<string> {
  const [[seconds = ""] = []] = await askServer({ server }, sql`SELECT UNIX_TIMESTAMP()`, ports, context);
  return new Date(Number(seconds) * 1000).toISOString();
}

async function binlogsOf(server: string, ports: Pick<BackupPorts, "engine">, context: EngineContext): Promise<readonly ShippedBinlog[]> {
  const [[on = "0"] = []] = await askServer({ server }, sql`SELECT @@log_bin`, ports, context);
  return on === "1" ? await listBinlogs(server, ports, context) : [];
}

async function listBinlogs(server: string, ports: Pick<BackupPorts, "engine">, context: EngineContext): Promise<readonly ShippedBinlog[]> {
  const rows = await askServer({ server }, sql`SHOW BINARY LOGS`, ports, context);
  return rows.flatMap(([file = "", bytes]) => (FILE.test(file) ? [{ file, bytes: Number(bytes) }] : []));
}

async function copyOut(
  server: string,
  { file, bytes }: ShippedBinlog,
  target: string,
  ports: Pick<BackupPorts, "engine">,
  context: EngineContext,
): Promise<void> {
  await mkdir(join(target, ".."), { recursive: true, mode: 0o700 });
  const partial = `${target}.partial`;
  const stdout = new PassThrough();
  const written = pipeline(stdout, createWriteStream(partial, { mode: 0o600, flush: true }));
  try {
    await inServer({ server }, { argv: ["cat", `${DATABASE_PATHS.volume}/data/${file}`], stdout }, ports, context);
  } finally {
    stdout.end();
    await written;
  }
  const { size } = await stat(partial);
  if (size !== bytes)
    throw new HowdahError(
      "backup/failed",
      `The binlog ${file} of ${server} was not copied whole: ${String(size)} of ${String(bytes)} bytes`,
    );
  await rename(partial, target);
}

/** Places where the backups of a server, and of its databases, begin. */
async function neededBy(server: string, ports: Pick<BackupPorts, "backups">) {
  const [sites, servers] = [await ports.backups.records.list(), await ports.backups.servers.list(`${server}.`)];
  return [
    ...sites.flatMap(({ state, database }) => (state === "done" && database?.server === server ? (database.position ?? []) : [])),
    ...servers.flatMap(({ state, position }) => (state === "done" ? (position ?? []) : [])),
  ];
}

async function dropOthers(spool: string, segments: BinlogArchive["segments"]): Promise<void> {
  const kept = new Set(segments.flatMap(({ timeline, files }) => files.map(({ file }) => `${timeline}/${file}`)));
  for (const entry of await readdir(spool, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && entry.name !== ARCHIVE_FILE && !kept.has(path.slice(spool.length + 1))) await rm(path, { force: true });
  }
}

/** With what is known of them: another machine must be able to go on from the store alone. */
async function save(archive: BinlogArchive, spool: string, ports: BackupPorts, context: EngineContext): Promise<string> {
  await mkdir(spool, { recursive: true, mode: 0o700 });
  await writeAtomically(join(spool, ARCHIVE_FILE), JSON.stringify(archive), { mode: 0o600 });
  const repository = await openStore(await findStore(archive.store, ports), ports);
  return (await repository.saveDirectory(spool, archiveTags(archive), context.signal)).id;
}

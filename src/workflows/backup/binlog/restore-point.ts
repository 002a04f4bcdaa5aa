import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { safetyDirectory } from "../../database/safety-dumps.ts";
import type { EngineContext, SiteRecord } from "../../ports.ts";
import type { BackupPorts } from "../backup-ports.ts";
import type { BackedUpDatabase, BackupRecord, BinlogPosition } from "../backup-record.ts";
import { dumpDigest } from "../dump-digest.ts";
import { inScratchDirectory, requireSame } from "../fetch-parts.ts";
import { listBackups } from "../find-backup.ts";
import { importDump } from "../restore-backup.ts";
import { comparableDumpArgv, DATABASE_PART } from "../save-database.ts";
import { scratchDatabase } from "../scratch-database.ts";
import { findStore, openStore } from "../stores.ts";
import { traitsOf } from "../verify-backup.ts";
import type { BinlogArchive, BinlogSegment } from "./binlog-archive.ts";
import { numberOf } from "./plan-shipping.ts";
import { basesIn, spansOf } from "./recoverable.ts";
import { shipBinlogs, spoolDirectory, spooledFile } from "./ship-binlogs.ts";

/** Which second of which site, and where to. */
export interface PointRequest {
  readonly namespace: string;
  /** The site whose database it is put into. */
  readonly target: SiteRecord;
  /** Milliseconds of the beginning of the second whose end is restored. */
  readonly at: number;
  /** One table alone; null: the whole database. */
  readonly table: string | null;
}

/** What was restored, and from what. */
export interface RestoredPoint {
  readonly at: string;
  readonly base: string;
  readonly binlogs: number;
  readonly tables: number;
  /** The dump of what was there; null when there was nothing. */
  readonly before: string | null;
}

const ID = "backup/point";

/**
 * Restores one site's database to the end of a second: its last backup before goes into a scratch server, the server's binlogs are replayed there up to
 * then (those of this database alone), and what came of it is imported like any dump. Neighbours on the server are not touched. Error:
 * `backup/not-recoverable` for a second before the first backup, in a gap, or not shipped, with what can be restored.
 */
export async function restorePoint(request: PointRequest, ports: BackupPorts, context: EngineContext): Promise<RestoredPoint> {
  const { target, at, namespace } = request;
  const backups = await listBackups(namespace, ports);
  const newest = backups.find(({ state, database }) => state === "done" && database !== null && database.position !== null);
  const server = newest?.database?.server;
  if (newest === undefined || server === undefined)
    throw new HowdahError("backup/not-recoverable", `There is no backup of ${namespace}'s database to begin from`);
  const time = new Date(at).toISOString();
  context.emit({ type: "task-started", id: ID, title: `restore ${namespace} as it was at ${time}` });
  const archive = await archiveUpTo(at, { server, store: newest.store }, ports, context);
  const { segment, base } = choose(at, archive, backups, namespace);
  const database = base.database as BackedUpDatabase;
  const from = database.position as BinlogPosition;
  const files = segment.files.filter(({ file }) => numberOf(file) >= numberOf(from.file));
  const directory = safetyDirectory(target, ports);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `point-${randomBytes(6).toString("hex")}.sql`);
  try {
    const bytes = files.reduce((sum, one) => sum + one.bytes, 0);
    await withBinlogs({ archive, segment, files: files.map((one) => one.file), bytes }, ports, context, async (paths) => {
      await replay({ record: target, base, at, paths, file }, ports, context);
    });
    context.emit({ type: "task-done", id: ID, outcome: "changed", detail: `${base.id} and ${String(files.length)} binlogs` });
    const { tables, before } = await importDump({ target, file, table: request.table }, ports, context);
    return { at: time, base: base.id, binlogs: files.length, tables, before };
  } catch (error) {
    if (error instanceof HowdahError) context.emit({ type: "task-failed", id: ID, code: error.code, message: error.message });
    throw error;
  } finally {
    await rm(file, { force: true });
  }
}

/** What is shipped; when the second is later than that, what the server has is shipped first. */
export async function archiveUpTo(
  at: number,
  { server, store }: { readonly server: string; readonly store: string },
  ports: BackupPorts,
  context: EngineContext,
): Promise<BinlogArchive> {
  const known = await ports.backups.archives.get(server);
  const to = known?.segments.at(-1)?.to;
  if (known !== undefined && to !== undefined && at + 1000 <= Date.parse(to)) return known;
  await ports.clock.sleep(Math.max(0, at + 1000 - ports.clock.now()), context.signal); // the second that is meant is over then
  return await ports.locks.hold("binlogs_", "backup restore", () => shipBinlogs(server, known?.store ?? store, ports, context));
}

function choose(
  at: number,
  archive: BinlogArchive,
  backups: readonly BackupRecord[],
  namespace: string,
): { readonly segment: BinlogSegment; readonly base: BackupRecord } {
  const time = new Date(at + 999).toISOString();
  for (const segment of archive.segments.toReversed()) {
    if (new Date(at).toISOString() > segment.to) continue;
    const base = basesIn(segment, backups).findLast(({ database }) => (database?.ended ?? "") <= time);
    if (base !== undefined) return { segment, base };
  }
  const spans = spansOf(archive, backups);
  throw new HowdahError("backup/not-recoverable", `${namespace} can't be restored to ${new Date(at).toISOString()}`, {
    output: [
      ...spans.map(({ from, to }) => `recoverable from ${from} to ${to}`),
      ...archive.segments.flatMap(({ to, ended }) => (ended === null ? [] : [`a gap begins at ${to}: ${ended}`])),
    ],
    hint:
      spans.length === 0
        ? "No second can be restored; `howdah backup restore` restores a whole backup."
        : "Choose a second in a span above.",
  });
}

/** The binlogs as files: those that wait here, or from the store. */
export async function withBinlogs(
  wanted: { readonly archive: BinlogArchive; readonly segment: BinlogSegment; readonly files: readonly string[]; readonly bytes: number },
  ports: BackupPorts,
  context: EngineContext,
  work: (paths: readonly string[]) => Promise<void>,
): Promise<void> {
  const { archive, segment, files, bytes } = wanted;
  const spool = spoolDirectory(archive.server, ports);
  const here = files.map((file) => spooledFile(spool, segment.timeline, file));
  const sizes = await Promise.all(here.map(async (path) => (await stat(path).catch(() => undefined))?.size));
  if (sizes.every((size, at) => size === segment.files.find(({ file }) => file === files[at])?.bytes)) return await work(here);
  if (archive.part === null) throw new HowdahError("backup/not-recoverable", `Binlogs of ${archive.server} are in no store`);
  const repository = await openStore(await findStore(archive.store, ports), ports);
  await inScratchDirectory(bytes * 2, ports, async (scratch) => {
    await repository.readDirectory(archive.part ?? "", spool, scratch, context.signal);
    await work(files.map((file) => spooledFile(join(scratch, spool), segment.timeline, file)));
  });
}

interface Replay {
  readonly record: SiteRecord;
  readonly base: BackupRecord;
  readonly at: number;
  readonly paths: readonly string[];
  readonly file: string;
}

/** Backup and binlogs go into a scratch server; its dump goes to `file`. */
async function replay({ record, base, at, paths, file }: Replay, ports: BackupPorts, context: EngineContext): Promise<void> {
  const database = base.database as BackedUpDatabase;
  const repository = await openStore(await findStore(base.store, ports), ports);
  const { stream, done } = repository.read(database.part, DATABASE_PART, context.signal);
  const [stored, made] = [dumpDigest(), dumpDigest()];
  const [input, output] = [new PassThrough(), new PassThrough()];
  const archive = pack();
  const sent = pipeline(archive as unknown as Readable, input, { signal: context.signal });
  sent.catch(() => {}); // awaited below
  const packed = packAll(archive, { base: stream.pipe(stored.stream), bytes: database.bytes, paths });
  packed.catch((error: unknown) => archive.destroy(error as Error));
  stream.on("error", (error) => archive.destroy(error));
  const written = pipeline(output, made.stream, createWriteStream(file, { flags: "wx", mode: 0o600 }));
  written.catch(() => {});
  // What it is called in the scratch server is what the binlogs call it.
  const dump = comparableDumpArgv(record, []).toSpliced(-1, 1, database.name);
  const stop = new Date(at + 1000).toISOString().slice(0, 19).replace("T", " ");
  const traits = traitsOf(record, database);
  const position = database.position?.offset ?? 4;
  try {
    await scratchDatabase({ server: database.server, database: traits, input, replay: { position, stop }, dump, output }, ports, context);
  } catch (error) {
    stream.destroy();
    await done;
    throw error;
  }
  output.end();
  await Promise.all([packed, sent, done, written]);
  requireSame(database, stored.result());
  if (!made.result().complete) throw new HowdahError("backup/damaged", "The scratch server's dump is not whole: its last line is missing");
}

async function packAll(
  archive: Pack,
  given: { readonly base: Readable; readonly bytes: number; readonly paths: readonly string[] },
): Promise<void> {
  await pipeline(given.base, archive.entry({ name: "base.sql", size: given.bytes }) as unknown as Writable);
  for (const path of given.paths) {
    const { size } = await stat(path);
    const entry = archive.entry({ name: path.split("/").at(-1) ?? path, size }) as unknown as Writable;
    await pipeline(createReadStream(path), entry);
  }
  archive.finalize();
}

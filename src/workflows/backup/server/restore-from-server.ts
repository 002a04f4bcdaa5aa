import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { safetyDirectory } from "../../database/safety-dumps.ts";
import type { EngineContext, SiteRecord } from "../../ports.ts";
import type { ServerBackupPorts } from "../backup-ports.ts";
import type { BinlogSegment } from "../binlog/binlog-archive.ts";
import { numberOf } from "../binlog/plan-shipping.ts";
import { archiveUpTo, withBinlogs } from "../binlog/restore-point.ts";
import { dumpDigest } from "../dump-digest.ts";
import { importDump } from "../restore-backup.ts";
import { comparableDumpArgv } from "../save-database.ts";
import { ensureBackupImage, plainVersion } from "./backup-image.ts";
import { binlogBlocks, binlogsBefore } from "./binlogs-before.ts";
import { listServerBackups } from "./find-server-backup.ts";
import { readServerBackup, requireRoom } from "./read-server-backup.ts";
import { scratchServer } from "./scratch-server.ts";
import type { ServerBackup } from "./server-backup.ts";

/** Which site out of which server's backup, and where to. */
export interface FromServer {
  readonly server: string;
  /** Undefined, with a time: the last one before it. */
  readonly backup: ServerBackup | undefined;
  readonly namespace: string;
  /** The site whose database it is put into. */
  readonly target: SiteRecord;
  /** Milliseconds of the beginning of the second whose end is restored; null: the backup's own moment. */
  readonly at: number | null;
}

/** What was restored, and from what. */
export interface RestoredFromServer {
  readonly backup: string;
  readonly into: string;
  readonly binlogs: number;
  readonly tables: number;
  /** The dump of what was there; null when there was nothing. */
  readonly before: string | null;
}

const ID = "backup/from-server";

/**
 * Restores one site's database out of a backup of its whole server: a scratch server is started on the backup's files, with a time the server's binlogs
 * are replayed there (those of this database alone), and what the database then holds is imported as any dump is. Neighbours are not touched. Errors:
 * `backup/unknown` for a site that is not in it, `backup/not-recoverable`, `backup/damaged`.
 */
export async function restoreFromServer(wanted: FromServer, ports: ServerBackupPorts, context: EngineContext): Promise<RestoredFromServer> {
  const { target, namespace, at, server } = wanted;
  const store = (await listServerBackups(server, ports)).find(({ state }) => state === "done")?.store;
  if (store === undefined) throw new HowdahError("backup/unknown", `There is no backup of the server ${server}`);
  const archive = at === null ? null : await archiveUpTo(at, { server, store }, ports, context);
  const point =
    archive === null || at === null ? null : choose(at, archive.segments, wanted.backup, await listServerBackups(server, ports));
  const backup = point?.base ?? wanted.backup;
  if (backup === undefined) throw new TypeError("without a time a backup is given");
  const database = backup.databases.find((one) => one.namespace === namespace)?.name;
  if (database === undefined) throw new HowdahError("backup/unknown", `${backup.id} of ${server} has no database of ${namespace}`);
  context.emit({ type: "task-started", id: ID, title: `start a scratch server on ${backup.id} for ${namespace}` });
  const directory = safetyDirectory(target, ports);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `from-server-${randomBytes(6).toString("hex")}.sql`);
  const files = point?.files ?? [];
  try {
    const make = (paths: readonly string[]) => dumpOf({ backup, database, target, paths, at, file }, ports, context);
    if (point === null || archive === null) await make([]);
    else await withBinlogs({ archive, ...point }, ports, context, make);
    context.emit({ type: "task-done", id: ID, outcome: "changed", detail: `${backup.id} and ${String(files.length)} binlogs` });
    const { tables, before } = await importDump({ target, file, table: null }, ports, context);
    return { backup: backup.id, into: target.namespace, binlogs: files.length, tables, before };
  } catch (error) {
    if (error instanceof HowdahError) context.emit({ type: "task-failed", id: ID, code: error.code, message: error.message });
    throw error;
  } finally {
    await rm(file, { force: true });
  }
}

/** The backup to begin from, and the binlogs to go on with. Error: `backup/not-recoverable`. */
export function choose(
  at: number,
  segments: readonly BinlogSegment[],
  wanted: ServerBackup | undefined,
  backups: readonly ServerBackup[],
): { readonly base: ServerBackup; readonly segment: BinlogSegment; readonly files: readonly string[]; readonly bytes: number } {
  const time = new Date(at + 999).toISOString();
  const candidates = wanted === undefined ? backups : [wanted];
  for (const segment of segments.toReversed()) {
    if (new Date(at).toISOString() > segment.to) continue;
    const base = candidates
      .filter(({ state, position, ended }) => state === "done" && position?.timeline === segment.timeline && ended <= time)
      .filter(({ position }) => segment.files.some(({ file }) => file === position?.file))
      .toSorted((a, b) => (a.ended < b.ended ? 1 : -1))[0];
    if (base === undefined) continue;
    const from = numberOf(base.position?.file ?? "");
    const files = segment.files.filter(({ file }) => numberOf(file) >= from);
    return { base, segment, files: files.map(({ file }) => file), bytes: files.reduce((sum, one) => sum + one.bytes, 0) };
  }
  throw new HowdahError("backup/not-recoverable", `No backup of the server and its binlogs lead to ${new Date(at).toISOString()}`, {
    output: segments.map(({ from, to, ended }) => `binlogs from ${from} to ${to}${ended === null ? "" : `, then a gap: ${ended}`}`),
    hint: "Seconds count from the first backup after a gap; `howdah backup restore SITE --at TIME` begins from the site's own backups.",
  });
}

interface Dumped {
  readonly backup: ServerBackup;
  readonly database: string;
  readonly target: SiteRecord;
  readonly paths: readonly string[];
  readonly at: number | null;
  readonly file: string;
}

async function dumpOf(
  { backup, database, target, paths, at, file }: Dumped,
  ports: ServerBackupPorts,
  context: EngineContext,
): Promise<void> {
  await requireRoom(backup.bytes, ports);
  const image = await ensureBackupImage(backup.server, backup.version, ports, context);
  const { stream, done } = await readServerBackup(backup, ports, context.signal);
  done.catch(() => {}); // awaited below
  const made = dumpDigest();
  const output = new PassThrough();
  const written = pipeline(output, made.stream, createWriteStream(file, { flags: "wx", mode: 0o600 }));
  written.catch(() => {});
  const input = Readable.from(binlogsBefore(paths, stream), { objectMode: false });
  const dump = comparableDumpArgv(target, []).toSpliced(-1, 1, database);
  const stop = new Date((at ?? 0) + 1000).toISOString().slice(0, 19).replace("T", " ");
  const replay = at === null ? null : { blocks: await binlogBlocks(paths), position: backup.position?.offset ?? 4, stop };
  try {
    const work = { do: "dump", database, dump, replay } as const;
    await scratchServer({ image, version: plainVersion(backup.version), input, output, work }, ports, context);
  } catch (error) {
    stream.destroy();
    await done; // what the store says explains it
    throw error;
  }
  output.end();
  await Promise.all([done, written]);
  if (!made.result().complete) throw new HowdahError("backup/damaged", "The scratch server's dump is not whole: its last line is missing");
}

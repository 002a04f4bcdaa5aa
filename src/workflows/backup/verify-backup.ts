import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BackupRepository } from "../../providers/backup/backup-repository.ts";
import type { EngineContext, SiteRecord } from "../ports.ts";
import { backupKeyOf } from "./backup-key.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackedUpDatabase, BackupRecord, Verification } from "./backup-record.ts";
import { countTables, differences, dumpDigest } from "./dump-digest.ts";
import { fetchFiles, inScratchDirectory, requireSame } from "./fetch-parts.ts";
import { readManifest } from "./manifest.ts";
import { comparableDumpArgv, DATABASE_PART } from "./save-database.ts";
import { scratchDatabase } from "./scratch-database.ts";
import { findStore, openStore } from "./stores.ts";

/**
 * Restores a backup into a scratch server and a scratch directory and compares it with what was backed up: every byte of the dump, rows and
 * a checksum of each table as the scratch server dumps it again, every file's hash. Only then it counts as verified; what came of it is
 * written down. Error: `backup/damaged` and those of store and engine, written down as well.
 */
export async function verifyBackup(
  record: SiteRecord,
  backup: BackupRecord,
  ports: BackupPorts,
  context: EngineContext,
): Promise<BackupRecord> {
  const id = `backup/verify ${backup.id}`;
  context.emit({ type: "task-started", id, title: `restore ${backup.id} into a scratch place and compare` });
  const began = ports.clock.now();
  const outcome = (reason: string | null): Verification => ({
    at: new Date(ports.clock.now()).toISOString(),
    seconds: Math.round((ports.clock.now() - began) / 100) / 10,
    equal: reason === null,
    reason,
    tables: countTables(backup.database?.tables ?? {}),
    rows: Object.values(backup.database?.tables ?? {}).reduce((sum, table) => sum + table.rows, 0),
    files: backup.files.reduce((sum, one) => sum + one.files, 0),
  });
  try {
    await compareAll(record, backup, ports, context);
    const verified: BackupRecord = { ...backup, verified: outcome(null) };
    await ports.backups.records.put(backupKeyOf(backup), verified);
    context.emit({ type: "task-done", id, outcome: "changed", detail: `equal after ${String(verified.verified?.seconds)} s` });
    return verified;
  } catch (error) {
    if (context.signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    await ports.backups.records.put(backupKeyOf(backup), { ...backup, verified: outcome(reason) });
    if (error instanceof HowdahError) context.emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

async function compareAll(record: SiteRecord, backup: BackupRecord, ports: BackupPorts, context: EngineContext): Promise<void> {
  if (backup.state !== "done" || backup.manifest === null)
    throw new HowdahError("backup/failed", `${backup.id} is no whole backup: ${backup.reason ?? "it was cut off"}`);
  const repository = await openStore(await findStore(backup.store, ports), ports);
  const manifest = await readManifest(backup.manifest, repository, context.signal);
  if (manifest.record.id !== backup.id) throw new HowdahError("backup/damaged", `The manifest of ${backup.id} is another backup's`);
  if (backup.database !== null) await compareDatabase(record, backup.database, repository, ports, context);
  for (const [index, files] of backup.files.entries()) {
    await inScratchDirectory(files.bytes, ports, (directory) =>
      fetchFiles(files, `${directory}/${String(index)}`, repository, context.signal),
    );
  }
}

/** The stored dump goes into a scratch server while it is read; what that one dumps again must be the same tables. */
async function compareDatabase(
  record: SiteRecord,
  database: BackedUpDatabase,
  repository: BackupRepository,
  ports: BackupPorts,
  context: EngineContext,
): Promise<void> {
  const { stream, done } = repository.read(database.part, DATABASE_PART, context.signal);
  const [stored, again] = [dumpDigest(), dumpDigest()];
  const [input, output] = [new PassThrough(), new PassThrough()];
  const sent = pipeline([stream, stored.stream, input], { signal: context.signal });
  sent.catch(() => {}); // awaited below
  const drained = pipeline(output, again.stream, async (source) => {
    for await (const _ of source as AsyncIterable<Buffer>);
  });
  drained.catch(() => {});
  const work = { server: database.server, database: traitsOf(record, database), input, dump: comparableDumpArgv(record, []), output };
  try {
    await scratchDatabase(work, ports, context);
  } catch (error) {
    stream.destroy();
    await done; // what the store says explains why the server refused it
    throw error;
  }
  output.end();
  await Promise.all([sent, done, drained]);
  requireSame(database, stored.result());
  const wrong = differences(database.tables, again.result().tables);
  if (wrong.length === 0) return;
  throw new HowdahError("backup/damaged", `${database.name} restored is not what was backed up: ${wrong.slice(0, 3).join("; ")}`, {
    output: wrong,
  });
}

/** Name and traits of a database for a scratch server. */
export function traitsOf(record: SiteRecord, { name, user }: Pick<BackedUpDatabase, "name" | "user">) {
  const { charset = "utf8mb4", collation = "utf8mb4_unicode_ci" } = record.site.database ?? {};
  return { name, user, charset, collation };
}

import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BackupRepository } from "../../providers/backup/backup-repository.ts";
import { alreadyHeld } from "../already-held.ts";
import { importDatabase } from "../database/import-database.ts";
import { lastLines } from "../database/last-lines.ts";
import { safetyDirectory } from "../database/safety-dumps.ts";
import { writableRoots } from "../files/mount-path.ts";
import { runExchange } from "../files/run-exchange.ts";
import { sendTree } from "../files/send-tree.ts";
import { phpTarget } from "../php-target.ts";
import type { EngineContext, SiteRecord } from "../ports.ts";
import { requireActive } from "../tenant/tenant.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackedUpFiles, BackupRecord, StoreDocument } from "./backup-record.ts";
import { fetchDump, fetchFiles, inScratchDirectory } from "./fetch-parts.ts";
import { findStore, openStore } from "./stores.ts";
import { takeBackup } from "./take-backup.ts";

const DUMP = "database.sql";

/** What was restored, and how to undo it. */
export interface Restored {
  readonly backup: string;
  readonly into: string;
  readonly tables: number | null;
  readonly files: number;
  /** The backup of what was there before; null for a site that was made only to be filled. */
  readonly before: string | null;
}

/** What to restore of a backup; `target` is where to: its own site, or another that runs here. */
export interface RestoreRequest {
  readonly backup: BackupRecord;
  readonly target: SiteRecord;
  /** The site was made only to get this: what it holds is nobody's, and not kept. */
  readonly fresh?: boolean;
}

/**
 * Puts a backup in the place of what a site holds. Everything is read back and compared before anything changes, and what is there is backed up
 * first: restoring that undoes it. Files that came later are deleted, as the backup does not have them. Errors: those of the store, `backup/damaged`,
 * `machine/busy` while another command works on the site, `tenant/suspended`.
 */
export async function restoreBackup(
  { backup, target, fresh }: RestoreRequest,
  ports: BackupPorts,
  context: EngineContext,
): Promise<Restored> {
  requireFits(backup, target);
  await requireActive(target.site, ports);
  const store = await findStore(backup.store, ports);
  const repository = await openStore(store, ports);
  const needed = backup.files.reduce((sum, one) => sum + one.bytes, 0) + (backup.database?.bytes ?? 0);
  return await inScratchDirectory(needed, ports, async (scratch) => {
    const id = "backup/read";
    context.emit({ type: "task-started", id, title: `read ${backup.id} back and compare` });
    const dump = join(scratch, DUMP);
    if (backup.database !== null) await fetchDump(backup.database, dump, repository, context.signal);
    for (const [index, files] of backup.files.entries()) await fetchFiles(files, join(scratch, String(index)), repository, context.signal);
    context.emit({ type: "task-done", id, outcome: "changed" });
    const before = fresh === true ? null : await keepFormer(target, store, ports, context);
    const tables = await putInPlace({ backup, target }, scratch, ports, context);
    return {
      backup: backup.id,
      into: target.namespace,
      tables,
      files: backup.files.reduce((sum, one) => sum + one.files, 0),
      before,
    };
  });
}

/**
 * Database and files, with the site's lock held over both: who suspends the tenant, or brings up a release, in the middle would leave half of what was there.
 * Answers how many tables.
 */
async function putInPlace(
  { backup, target }: RestoreRequest,
  scratch: string,
  ports: BackupPorts,
  context: EngineContext,
): Promise<number | null> {
  const { namespace } = target;
  return await ports.locks.hold(namespace, "backup restore", async () => {
    await requireActive(target.site, ports); // a suspension may have come while the backup was read
    const held = { ...ports, locks: alreadyHeld(namespace, ports.locks) };
    const request = { source: { file: join(scratch, DUMP) }, yes: true, clean: true };
    const imported = backup.database === null ? null : await importDatabase(target, request, held, context);
    for (const [index, files] of backup.files.entries()) await putBack(target, files, join(scratch, String(index)), held, context);
    return imported?.tables ?? null;
  });
}

async function keepFormer(target: SiteRecord, store: StoreDocument, ports: BackupPorts, context: EngineContext): Promise<string> {
  const { id } = await takeBackup(target, { store, why: "before a restore" }, ports, context);
  // Now, not with the answer: there is none when something fails between database and files.
  const message = `What is there is backed up: \`howdah backup restore ${target.namespace} ${id}\` takes it back`;
  context.emit({ type: "notice", level: "info", message });
  return id;
}

/** Only a database from a backup: for `db restore`. What is there is dumped first; `before` is that file. */
export async function restoreDatabase(
  { backup, target, table }: RestoreRequest & { readonly table: string | null },
  ports: BackupPorts,
  context: EngineContext,
): Promise<{ readonly tables: number; readonly before: string | null }> {
  const { database } = backup;
  if (database === null) throw new HowdahError("backup/unknown", `${backup.id} holds no database`);
  const repository: BackupRepository = await openStore(await findStore(backup.store, ports), ports);
  const directory = safetyDirectory(target, ports);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `restore-${randomBytes(6).toString("hex")}.sql`);
  try {
    await fetchDump(database, file, repository, context.signal);
    return await importDump({ target, file, table }, ports, context);
  } finally {
    await rm(file, { force: true });
  }
}

/** Imports a dump, or one table of it. Error: `backup/unknown` when it has no such table. */
export async function importDump(
  { target, file, table }: { readonly target: SiteRecord; readonly file: string; readonly table: string | null },
  ports: BackupPorts,
  context: EngineContext,
): Promise<{ readonly tables: number; readonly before: string | null }> {
  if (table === null) return await importDatabase(target, { source: { file }, yes: true, clean: true }, ports, context);
  const { extractTable } = await import("./extract-table.ts");
  const only = `${file}.table`;
  try {
    await extractTable(file, table, only, context.signal);
    return await importDatabase(target, { source: { file: only }, yes: true, clean: false }, ports, context);
  } finally {
    await rm(only, { force: true });
  }
}

function requireFits(backup: BackupRecord, target: SiteRecord): void {
  if (backup.state !== "done")
    throw new HowdahError("backup/unknown", `${backup.id} is no whole backup: ${backup.reason ?? "it was cut off"}`);
  if (backup.database !== null && target.database === null)
    throw new HowdahError("usage/invalid", `${target.namespace} has no database, and the backup has one`);
  const roots = writableRoots(target.site);
  const homeless = backup.files.find(({ path }) => !roots.includes(path));
  if (homeless !== undefined)
    throw new HowdahError("usage/invalid", `${target.namespace} has no writable path ${homeless.path}, and the backup has one`);
}

/**
 * In the site's own container: everything below ROOT that is not named on standard input (NUL between names) goes. Links are not followed. What no backup
 * holds (links, pipes, names that are no UTF-8) stays: neither this one nor the one from before the restore could bring it back.
 */
export const DELETE_OTHERS = `
$root = $argv[1];
$keep = array_flip(explode("\\0", stream_get_contents(STDIN)));
$all = new RecursiveIteratorIterator(new RecursiveDirectoryIterator($root, FilesystemIterator::SKIP_DOTS), RecursiveIteratorIterator::CHILD_FIRST);
foreach ($all as $path => $entry) {
    $name = substr($path, strlen($root) + 1);
    if (isset($keep[$name]) || $entry->isLink() || !preg_match("//u", $name)) continue;
    if ($entry->isDir()) @rmdir($path); elseif ($entry->isFile()) unlink($path);
}
`;

async function putBack(
  target: SiteRecord,
  files: BackedUpFiles,
  directory: string,
  ports: BackupPorts,
  context: EngineContext,
): Promise<void> {
  const id = `backup/restore ${files.path}`;
  context.emit({ type: "task-started", id, title: `put ${files.path} back` });
  const { stream, done } = sendTree(directory, () => undefined);
  await runExchange(target, { verb: "unpack", path: files.path, stdin: stream }, ports, context);
  await done;
  const entries = await readdir(directory, { recursive: true });
  const errors = lastLines();
  const request = () =>
    ({
      argv: ["/usr/bin/php", "-r", DELETE_OTHERS, "--", files.path],
      stdin: Readable.from([entries.join("\0")]),
      stdout: errors.stream,
      stderr: errors.stream,
    }) as const;
  const where = phpTarget(target.site, target.namespace);
  const code = await ports.engine.exec(where, request(), context).catch(async (error: unknown) => {
    if (!(error instanceof HowdahError && error.code === "engine/not-ready")) throw error;
    return await ports.engine.runOnce(where, request(), context);
  });
  if (code !== 0)
    throw new HowdahError("backup/failed", `Files in ${files.path} that came after the backup could not be deleted`, {
      output: errors.lines(),
    });
  context.emit({ type: "task-done", id, outcome: "changed", detail: `${String(files.files)} files` });
}

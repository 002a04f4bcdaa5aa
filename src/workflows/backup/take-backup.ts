import { randomBytes } from "node:crypto";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BackupRepository, Produce, SavedPart } from "../../providers/backup/backup-repository.ts";
import { refuseEnvironment } from "../environment/refuse-environment.ts";
import { writableRoots } from "../files/mount-path.ts";
import type { EngineContext, SiteRecord } from "../ports.ts";
import { backupKeyOf } from "./backup-key.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackedUpFiles, BackupReason, BackupRecord, StoreDocument } from "./backup-record.ts";
import { saveManifest } from "./manifest.ts";
import { onceNobodyWorks } from "./once-nobody-works.ts";
import { saveDatabase } from "./save-database.ts";
import { saveFiles } from "./save-files.ts";
import { openStore } from "./stores.ts";
import { refuseStranger } from "./strangers.ts";

/** Saves one part of a backup; its tags say of which. */
export type SavePart = (part: { readonly name: string; readonly part: string }, produce: Produce) => Promise<SavedPart>;

/** A schedule waits so long for a command that works on the site. */
const PATIENCE_MS = 30 * 60_000;

/** What to make. */
export interface WantedBackup {
  readonly store: StoreDocument;
  readonly why: BackupReason;
}

/**
 * Backs up a site while it serves: its database at one moment, then its files, then site file and secrets. It is written down before it begins
 * and when it ended, however it ended; without its last part it is none. Errors: `machine/busy`, those of the parts; the record then says `failed` and why.
 */
export async function takeBackup(
  site: SiteRecord,
  wanted: WantedBackup,
  ports: BackupPorts,
  context: EngineContext,
): Promise<BackupRecord> {
  refuseEnvironment(site, "its data is a copy, and is not backed up", "`howdah db dump` and `howdah files` bring what you want to keep.");
  await onceNobodyWorks(site.namespace, wanted.why === "schedule" ? PATIENCE_MS : 0, ports, context.signal);
  const record = (await ports.records.get(site.namespace)) ?? site; // its database may have moved meanwhile
  const begun = await begin(record, wanted, ports);
  const key = backupKeyOf(begun);
  const saved: string[] = [];
  try {
    const repository = await openStore(wanted.store, ports);
    const remembered = await ports.backups.records.list(`${begun.namespace}.`);
    await refuseStranger({ kind: "site", name: begun.namespace, store: begun.store, remembered }, repository, context.signal);
    const save: SavePart = async ({ name, part }, produce) => {
      const done = await repository.save({ name, tags: tagsOf(begun, part) }, produce, context.signal);
      saved.push(done.id);
      return done;
    };
    const done = await saveAll(record, begun, save, ports, context);
    await ports.backups.records.put(key, done);
    return done;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await ports.backups.records.put(key, { ...begun, state: "failed", reason, endedAt: now(ports) });
    await forgetParts(wanted.store, saved, ports);
    if (error instanceof HowdahError) context.emit({ type: "task-failed", id: "backup", code: error.code, message: error.message });
    throw error;
  }
}

/** `20261122-120501-3f2a`. */
export function newBackupId(startedAt: string): string {
  return `${startedAt.slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}-${randomBytes(2).toString("hex")}`;
}

/** What a part carries in the store. */
export function tagsOf({ namespace, id }: Pick<BackupRecord, "namespace" | "id">, part: string): readonly string[] {
  return [`site=${namespace}`, `backup=${id}`, `part=${part}`];
}

function now(ports: Pick<BackupPorts, "clock">): string {
  return new Date(ports.clock.now()).toISOString();
}

async function begin(record: SiteRecord, { store, why }: WantedBackup, ports: BackupPorts): Promise<BackupRecord> {
  const startedAt = now(ports);
  const begun: BackupRecord = {
    id: newBackupId(startedAt),
    namespace: record.namespace,
    site: record.site.name,
    store: store.name,
    why,
    startedAt,
    endedAt: null,
    state: "running",
    runner: await ports.machine.processIdentity(),
    reason: null,
    database: null,
    files: [],
    manifest: null,
    verified: null,
  };
  await ports.backups.records.put(backupKeyOf(begun), begun);
  return begun;
}

async function saveAll(
  record: SiteRecord,
  begun: BackupRecord,
  save: SavePart,
  ports: BackupPorts,
  context: EngineContext,
): Promise<BackupRecord> {
  const database = record.database === null ? null : await saveDatabase(record, save, ports, context);
  const files: BackedUpFiles[] = [];
  const roots = record.site.runtime === null ? [] : writableRoots(record.site);
  for (const path of roots.filter((one) => !roots.some((other) => one.startsWith(`${other}/`)))) {
    files.push(await saveFiles(record, path, save, ports, context));
  }
  const whole: BackupRecord = { ...begun, state: "done", database, files, endedAt: now(ports) };
  const manifest = await saveManifest(record, whole, save, ports);
  return { ...whole, manifest: manifest.id };
}

/** What was saved of a backup that is none would only take room. A store that does not answer keeps it until the next clean-up. */
async function forgetParts(store: StoreDocument, ids: readonly string[], ports: BackupPorts): Promise<void> {
  if (ids.length === 0) return;
  const repository: BackupRepository = await openStore(store, ports);
  await repository.forget(ids, { prune: false }, new AbortController().signal).catch(() => undefined);
}

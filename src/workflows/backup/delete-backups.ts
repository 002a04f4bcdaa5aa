import { backupKeyOf } from "./backup-key.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackupRecord } from "./backup-record.ts";
import { findStore, openStore } from "./stores.ts";

/** Deletes backups for good: from the store, with the room that they took, then from memory. */
export async function deleteBackups(
  backups: readonly BackupRecord[],
  ports: Pick<BackupPorts, "backups" | "secrets">,
  signal: AbortSignal,
): Promise<void> {
  for (const [store, its] of Map.groupBy(backups, (one) => one.store)) {
    const parts = its.flatMap((one) => [
      ...(one.manifest === null ? [] : [one.manifest]), // first: what has none is no backup
      ...(one.database === null ? [] : [one.database.part]),
      ...one.files.map((files) => files.part),
    ]);
    if (parts.length > 0) await (await openStore(await findStore(store, ports), ports)).forget(parts, { prune: true }, signal);
    for (const backup of its) await ports.backups.records.remove(backupKeyOf(backup));
  }
}

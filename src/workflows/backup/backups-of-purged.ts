import type { Ports } from "../ports.ts";
import { withBackups } from "./backup-ports.ts";
import type { BackupRecord } from "./backup-record.ts";
import { deleteBackups } from "./delete-backups.ts";
import { listBackups } from "./find-backup.ts";

/** What stays in stores of a site whose data is purged: deleting a site by mistake must not delete what would bring it back. */
export async function backupsOfPurged(namespace: string, ports: Ports): Promise<readonly BackupRecord[]> {
  return ports.backups === undefined ? [] : await listBackups(namespace, withBackups(ports));
}

/** Deletes them for good, before the data: a store that does not answer stops both. */
export async function deleteBackupsOfPurged(backups: readonly BackupRecord[], ports: Ports, signal: AbortSignal): Promise<void> {
  if (backups.length > 0) await deleteBackups(backups, withBackups(ports), signal);
}

/** What `destroy --purge` says of them, before and after. */
export function keptBackupsWords(backups: readonly Pick<BackupRecord, "store">[], namespace: string): string {
  if (backups.length === 0) return "";
  const stores = [...new Set(backups.map(({ store }) => store))].join(", ");
  return `${String(backups.length)} backup${backups.length === 1 ? "" : "s"} in the store ${stores} (\`howdah backup ls ${namespace}\`)`;
}

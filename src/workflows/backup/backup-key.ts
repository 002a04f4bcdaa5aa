import type { BackupRecord } from "./backup-record.ts";

/** The document that a backup is remembered in. */
export function backupKeyOf({ namespace, id }: Pick<BackupRecord, "namespace" | "id">): string {
  return `${namespace}.${id}`;
}

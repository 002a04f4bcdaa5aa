import type { BackupStatus } from "../../resources/schema/backup.ts";
import type { Verdict } from "../status.ts";

const UNDER_WAY: Readonly<Record<string, { readonly reason: string; readonly message: string }>> = {
  backup: { reason: "BackingUp", message: "A backup is made and proved by restoring it into a scratch place" },
  verify: { reason: "Verifying", message: "A backup is restored into a scratch place and compared" },
  delete: { reason: "Deleting", message: "Backups are deleted from the store" },
  restore: { reason: "Restoring", message: "A backup is put in the place of what the site holds, which is backed up first" },
};

/** What a Backup's status means. Pure: nothing is verified but what was restored and found equal, and nothing that failed is ready. */
export function backupVerdicts({ current, failed, verified, uncleaned }: Partial<BackupStatus>): readonly Verdict[] {
  const words = current === undefined ? undefined : UNDER_WAY[current.what];
  return [
    ready({ failed, verified, uncleaned }),
    ...(words === undefined ? [] : [{ type: "Reconciling", status: "True", ...words } as const]),
  ];
}

function ready({ failed, verified, uncleaned }: Pick<BackupStatus, "failed" | "verified" | "uncleaned">): Verdict {
  if (failed !== undefined) return { type: "Ready", status: "False", reason: failed.reason, message: failed.message };
  if (verified !== undefined) {
    const still = uncleaned === undefined ? "" : `. What is no longer kept could not be deleted: ${uncleaned.message}`;
    const message = `The backup ${verified.id} was restored into a scratch place and is equal${still}`;
    return { type: "Ready", status: "True", reason: "Verified", message };
  }
  return { type: "Ready", status: "False", reason: "NotYet", message: "No backup was proved by restoring yet" };
}

/** How a Backup stands, in one word for figures. */
export function backupState({ current, failed, verified }: Partial<BackupStatus>): "running" | "failed" | "verified" | "none" {
  if (failed !== undefined) return "failed";
  if (current !== undefined) return "running";
  return verified === undefined ? "none" : "verified";
}

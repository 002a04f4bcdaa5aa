import type { RestoredServer } from "../../workflows/backup/server/restore-server.ts";
import type { ServerBackup } from "../../workflows/backup/server/server-backup.ts";
import { readableBytes } from "../../workflows/database/byte-progress.ts";
import { table } from "./table.ts";

/** What proves a server's backup, or that nothing does yet. */
export function serverVerifiedWords({ state, reason, verified, server }: ServerBackup): string {
  if (state === "failed") return `failed: ${reason ?? ""}`;
  if (state === "running") return "is being made";
  if (verified === null) return `not verified yet: \`howdah backup server verify ${server}\` starts a scratch server on it`;
  if (!verified.equal) return `NOT RESTORABLE: ${verified.reason ?? ""}`;
  const meanwhile = verified.tables - verified.compared;
  const others = meanwhile === 0 ? "" : `, ${String(meanwhile)} written to meanwhile and whole`;
  return `verified by restoring at ${verified.at.slice(0, 19)}: ${String(verified.compared)} tables equal${others}`;
}

/** The answer of `backup server ls`. */
export function serverBackupTable(backups: readonly ServerBackup[]): string {
  if (backups.length === 0) return "No backups.\n";
  const rows = backups.map((one) => [one.server, one.id, one.store, one.why, readableBytes(one.bytes), serverVerifiedWords(one)]);
  return table([["SERVER", "BACKUP", "STORE", "WHY", "SIZE", "STATE"], ...rows]);
}

/** What a server holds now, and how to undo it. */
export function restoredServerWords({ server, backup, sites, empty, former }: RestoredServer): string {
  const lacking =
    empty.length === 0 ? "" : `Not in that backup, and empty now: ${empty.join(", ")}. \`howdah backup restore SITE\` has their own.\n`;
  return `${server} holds ${backup}: ${sites.join(", ") || "no site of this machine"}.\n${lacking}What was there before is ${former} on its volume, until the next restore; \`howdah backup server restore ${server} --undo\` takes it back.\n`;
}

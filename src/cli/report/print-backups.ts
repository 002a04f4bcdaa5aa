import type { BackupRecord } from "../../workflows/backup/backup-record.ts";
import type { Recoverable } from "../../workflows/backup/binlog/recoverable.ts";
import type { Restored } from "../../workflows/backup/restore-backup.ts";
import { table } from "./table.ts";

/** What proves a backup, or that nothing does yet. */
export function verifiedWords({ state, reason, verified }: BackupRecord): string {
  if (state === "failed") return `failed: ${reason ?? ""}`;
  if (state === "running") return "is being made";
  if (verified === null) return "not verified yet: `howdah backup verify` restores it into a scratch place";
  if (!verified.equal) return `NOT RESTORABLE: ${verified.reason ?? ""}`;
  const what = `${String(verified.tables)} tables, ${String(verified.rows)} rows, ${String(verified.files)} files`;
  return `verified by restoring at ${verified.at.slice(0, 19)}: ${what} equal`;
}

/** The answer of `backup ls`. */
export function backupTable(backups: readonly BackupRecord[], recoverable: readonly Recoverable[]): string {
  const rows = backups.map((one) => [one.namespace, one.id, one.store, one.why, verifiedWords(one)]);
  const list = rows.length === 0 ? "No backups.\n" : table([["SITE", "BACKUP", "STORE", "WHY", "STATE"], ...rows]);
  const spans = recoverable.flatMap(({ namespace, spans: its }) =>
    its.map(({ from, to }) => `${namespace} is recoverable from ${from.slice(0, 19)} to ${to.slice(0, 19)} UTC, to the second\n`),
  );
  return spans.length === 0 ? list : `${list}\n${spans.join("")}`;
}

/** What was restored, and how to undo it. */
export function restoredWords(restored: Restored): string {
  const database = restored.tables === null ? "" : `${String(restored.tables)} tables, `;
  const holds = `${restored.into} holds ${restored.backup}: ${database}${String(restored.files)} files.\n`;
  if (restored.before === null) return holds;
  return `${holds}What was there before is ${restored.before}; \`howdah backup restore ${restored.into} ${restored.before} --yes\` takes it back.\n`;
}

import type { ObjectView } from "../../kubernetes/object-store.ts";
import type { BackupStatus } from "../../resources/schema/backup.ts";
import type { Metrics } from "../metrics.ts";
import { statusOf } from "../status.ts";
import { backupState } from "./backup-verdicts.ts";

/** Figures of all Backups, counted when somebody reads them: an alarm needs no more than how many failed and how old the oldest proof is. */
export function backupFigures(backups: Pick<ObjectView, "all">, { gauge }: Pick<Metrics, "gauge">, clock: { now(): number }): void {
  for (const state of ["verified", "running", "none", "failed"] as const)
    gauge("howdah_backups", { state }, () => backups.all().filter((one) => backupState(statusOf<BackupStatus>(one)) === state).length);
  gauge("howdah_backup_verified_age_seconds", {}, () => {
    const scheduled = backups.all().filter(({ spec }) => (spec as { readonly schedule?: string } | undefined)?.schedule !== undefined);
    const ages = scheduled.map((one) => {
      // One that was never proved is as old as its object.
      const at = youngestProved(statusOf<BackupStatus>(one)) ?? Date.parse(one.metadata.creationTimestamp ?? "");
      return Number.isNaN(at) ? 0 : Math.round((clock.now() - at) / 1000);
    });
    return Math.max(0, ...ages);
  });
}

/** When the youngest backup was made that was proved: to prove an old one again makes nothing younger. */
function youngestProved({ verified, backups = [] }: Partial<BackupStatus>): number | undefined {
  const proved = backups.flatMap((one) => (one.verified === undefined ? [] : [madeAt(one.id, one.at)]));
  const all = verified === undefined ? proved : [...proved, madeAt(verified.id, verified.at)];
  return all.length === 0 ? undefined : Math.max(...all);
}

/** `20261122-030405-ab12` says it. */
function madeAt(id: string, otherwise: string | undefined): number {
  const time = Date.parse(id.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-.*$/, "$1-$2-$3T$4:$5:$6Z"));
  return Number.isNaN(time) ? Date.parse(otherwise ?? "") : time;
}

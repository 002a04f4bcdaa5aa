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
      const since = statusOf<BackupStatus>(one).verified?.at ?? one.metadata.creationTimestamp ?? "";
      const at = Date.parse(since);
      return Number.isNaN(at) ? 0 : Math.round((clock.now() - at) / 1000);
    });
    return Math.max(0, ...ages);
  });
}

import type { BackupStatus } from "../../resources/schema/backup.ts";

type Failed = BackupStatus["failed"];

/** What is still failed when a piece of work has worked: only the same kind undoes a failure, and a whole backup a failed verification, since it is one as well. */
export function stillFailed(former: Failed, worked: string): Failed {
  if (former === undefined) return undefined;
  const { besides, ...own } = former;
  const isUndone = former.what === worked || (worked === "backup" && former.what === "verify");
  if (worked === "backup") return isUndone ? undefined : own;
  return isUndone ? besides : former;
}

/** A failure that is told in the place of another: backups that fail are not forgotten for something else that does. */
export function failedBesides(former: Failed, failed: NonNullable<Failed>): NonNullable<Failed> {
  if (former === undefined || failed.what === "backup") return failed;
  const { besides: older, ...own } = former;
  const besides = former.what === "backup" ? own : older;
  return besides === undefined ? failed : { ...failed, besides };
}

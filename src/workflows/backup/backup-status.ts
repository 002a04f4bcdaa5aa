import type { BackupStores } from "./backup-ports.ts";

/** What is worth knowing of a site's backups: when one was last proved by restoring, not when one was last made. */
export interface BackupStatus {
  readonly verified: { readonly id: string; readonly at: string } | null;
  /** Why the newest try is not verified; null when it is, or nobody has tried. */
  readonly failure: string | null;
}

/** Null for a site that has neither backups nor a schedule. */
export async function backupStatus(namespace: string, backups: Pick<BackupStores, "records" | "schedules">): Promise<BackupStatus | null> {
  const known = (await backups.records.list(`${namespace}.`)).toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  const schedule = await backups.schedules.get(namespace);
  if (known.length === 0 && schedule === undefined) return null;
  const proved = known.find(({ verified }) => verified?.equal === true);
  const [newest] = known;
  const failure = newest?.state === "failed" ? newest.reason : (newest?.verified?.reason ?? null);
  return {
    verified: proved === undefined ? null : { id: proved.id, at: proved.verified?.at ?? "" },
    failure: failure ?? schedule?.last?.failure ?? null,
  };
}

import type { BackupRepository } from "../../providers/backup/backup-repository.ts";
import { backupKeyOf } from "./backup-key.ts";
import type { BackupPorts } from "./backup-ports.ts";
import { readManifest } from "./manifest.ts";

/** Remembers a site's backups that lie in a store and that this machine does not know. Answers how many are new. */
export async function rememberSite(
  namespace: string,
  { repository, store }: { readonly repository: BackupRepository; readonly store: string },
  { backups }: { readonly backups: Pick<BackupPorts["backups"], "records"> },
  signal: AbortSignal,
): Promise<number> {
  const known = new Set((await backups.records.list(`${namespace}.`)).map(({ id }) => id));
  const parts = await repository.list(["part=manifest", `site=${namespace}`], signal);
  const missing = parts.filter(({ tags }) => !tags.some((tag) => tag.startsWith("backup=") && known.has(tag.slice("backup=".length))));
  for (const { id } of missing) {
    const { record } = await readManifest(id, repository, signal);
    await backups.records.put(backupKeyOf(record), { ...record, store });
  }
  return missing.length;
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackupRecord } from "./backup-record.ts";
import { judged } from "./judged.ts";
import { findStore, openStore } from "./stores.ts";

/** A site's backups as this machine remembers them, newest first; one whose command died is shown as failed. */
export async function listBackups(
  namespace: string | undefined,
  ports: Pick<BackupPorts, "backups" | "machine">,
): Promise<readonly BackupRecord[]> {
  const known = await ports.backups.records.list(namespace === undefined ? undefined : `${namespace}.`);
  return await judged(known, ports);
}

/** The backup that a person means: by id, or the newest whole one. Error: `backup/unknown`. */
export async function findBackup(namespace: string, id: string | undefined, ports: BackupPorts): Promise<BackupRecord> {
  const whole = (await listBackups(namespace, ports)).filter((one) => one.state === "done");
  const found = id === undefined ? whole.find((one) => one.why !== "before a restore") : whole.find((one) => one.id === id);
  if (found !== undefined) return found;
  throw new HowdahError(
    "backup/unknown",
    id === undefined ? `There is no backup of ${namespace}` : `There is no whole backup ${JSON.stringify(id)} of ${namespace}`,
  );
}

/** A backup as the store itself lists it. */
export interface StoredBackup {
  readonly namespace: string;
  readonly id: string;
  readonly time: string;
  readonly manifest: string;
}

/** What lies whole in a store, whoever made it: for a machine that remembers nothing. Newest first. */
export async function storedBackups(store: string | undefined, ports: BackupPorts, signal: AbortSignal): Promise<readonly StoredBackup[]> {
  const repository = await openStore(await findStore(store, ports), ports);
  const parts = await repository.list(["part=manifest"], signal);
  const tag = (tags: readonly string[], name: string): string =>
    tags.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  return parts
    .map(({ id, time, tags }) => ({ namespace: tag(tags, "site"), id: tag(tags, "backup"), time, manifest: id }))
    .sort((a, b) => (a.id < b.id ? 1 : -1));
}

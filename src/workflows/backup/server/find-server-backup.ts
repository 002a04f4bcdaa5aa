import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { BackupPorts } from "../backup-ports.ts";
import { judged } from "../judged.ts";
import { findStore, openStore } from "../stores.ts";
import type { ServerBackup } from "./server-backup.ts";
import { readServerManifest } from "./server-manifest.ts";
import { serverBackupKey } from "./take-server-backup.ts";

/** A server's backups as this machine remembers them, newest first; one whose command died is shown as failed. */
export async function listServerBackups(
  server: string | undefined,
  ports: Pick<BackupPorts, "backups" | "machine">,
): Promise<readonly ServerBackup[]> {
  const known = await ports.backups.servers.list(server === undefined ? undefined : `${server}.`);
  return await judged(known, ports);
}

/** The backup that a person means: by id, or the newest whole one. Error: `backup/unknown`. */
export async function findServerBackup(
  server: string,
  id: string | undefined,
  ports: Pick<BackupPorts, "backups" | "machine">,
): Promise<ServerBackup> {
  const whole = (await listServerBackups(server, ports)).filter((one) => one.state === "done");
  const found = id === undefined ? whole[0] : whole.find((one) => one.id === id);
  if (found !== undefined) return found;
  const words =
    id === undefined ? `There is no backup of the server ${server}` : `There is no whole backup ${JSON.stringify(id)} of ${server}`;
  throw new HowdahError("backup/unknown", words, { hint: await hintOf(server, ports) });
}

/** Of a server without backups those that have some are named: the name may be mistyped. */
async function hintOf(server: string, ports: Pick<BackupPorts, "backups" | "machine">): Promise<string> {
  const known = [...new Set((await listServerBackups(undefined, ports)).map((one) => one.server))].toSorted();
  if (known.includes(server)) return `\`howdah backup server ls ${server}\` lists them.`;
  const others = known.length === 0 ? "" : `There are some of ${known.join(", ")}. `;
  return `${others}\`howdah backup server ls SERVER --from-store\` asks a store.`;
}

/** Remembers a server's backups that lie in a store and that this machine does not know: on a new one. Answers how many are new. */
export async function rememberServerBackups(
  server: string,
  store: string | undefined,
  ports: BackupPorts,
  signal: AbortSignal,
): Promise<number> {
  const document = await findStore(store, ports);
  const repository = await openStore(document, ports);
  const known = new Set((await ports.backups.servers.list(`${server}.`)).map(({ id }) => id));
  const parts = await repository.list([`server=${server}`, "part=server-manifest"], signal);
  const missing = parts.filter(({ tags }) => !tags.some((tag) => tag.startsWith("backup=") && known.has(tag.slice("backup=".length))));
  for (const { id } of missing) {
    const { backup } = await readServerManifest(id, repository, signal);
    await ports.backups.servers.put(serverBackupKey(backup), { ...backup, store: document.name });
  }
  return missing.length;
}

/** Deletes a server's backups for good: from the store, with the room that only they took, then from memory. */
export async function deleteServerBackups(
  backups: readonly ServerBackup[],
  ports: Pick<BackupPorts, "backups" | "secrets">,
  signal: AbortSignal,
): Promise<void> {
  for (const [store, its] of Map.groupBy(backups, (one) => one.store)) {
    const parts = its.flatMap(({ manifest, part }) => [manifest, part].filter((one) => one !== null)); // what has no manifest is no backup
    if (parts.length > 0) await (await openStore(await findStore(store, ports), ports)).forget(parts, { prune: true }, signal);
    for (const backup of its) await ports.backups.servers.remove(serverBackupKey(backup));
  }
}

import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { SecretData } from "../../providers/secrets/secret-store.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { SitePlacement } from "./backup-record.ts";
import { recoverArchives } from "./binlog/recover-archives.ts";
import { findBackup } from "./find-backup.ts";
import { readManifest } from "./manifest.ts";
import { rememberSite } from "./remember-site.ts";
import { findStore, openStore } from "./stores.ts";

/** What a lost machine's site needs before `howdah up`. */
export interface RecoveredSite {
  readonly backup: string;
  /** The site file that was written; null when one was there. */
  readonly file: string | null;
  readonly secrets: readonly string[];
}

/** The same, with what a rebuild goes on with. */
interface Recovered extends RecoveredSite {
  /** Of the site file, in the directory; null when the backup has none. */
  readonly given: string | null;
  readonly placement: SitePlacement | undefined;
  /** By name. */
  readonly data: Readonly<Record<string, SecretData>>;
}

/**
 * On a machine that does not know a site: puts the site's secrets into the secret store and its site file into `directory`, from the
 * newest backup in the store. A file that is there stays. Error: `usage/invalid` for a site that runs here, or whose data is kept.
 */
export async function recoverSite(
  { namespace, store, directory }: { readonly namespace: string; readonly store: string | undefined; readonly directory: string },
  ports: BackupPorts,
  signal: AbortSignal,
): Promise<Recovered> {
  if ((await ports.records.get(namespace)) !== undefined)
    throw new HowdahError("usage/invalid", `${namespace} runs here: its secrets are in place`, {
      hint: `\`howdah backup restore ${namespace}\` restores its data.`,
    });
  if ((await ports.retained.get(namespace)) !== undefined)
    throw new HowdahError(
      "usage/invalid",
      `Data of ${namespace} is kept here since it was destroyed, and its secrets, which may be newer than the backup's`,
      {
        hint: `\`howdah up\` of its file has it back; \`howdah destroy ${namespace} --purge\` deletes it.`,
      },
    );
  const document = await findStore(store, ports);
  await rememberSite(namespace, { repository: await openStore(document, ports), store: document.name }, ports, signal);
  await recoverArchives(document, ports, signal);
  const backup = await findBackup(namespace, undefined, ports);
  const repository = await openStore(await findStore(backup.store, ports), ports);
  const { siteFile, secrets, placement } = await readManifest(backup.manifest ?? "", repository, signal);
  for (const [name, data] of Object.entries(secrets)) await ports.secrets.set(namespace, name, data);
  const file = siteFile === null ? null : join(directory, siteFile.name);
  const there = file === null ? undefined : await ports.files.read(file);
  if (file !== null && siteFile !== null && there === undefined) await ports.files.write(file, siteFile.text);
  const written = there === undefined ? file : null;
  return { backup: backup.id, file: written, secrets: Object.keys(secrets).sort(), given: file, placement, data: secrets };
}

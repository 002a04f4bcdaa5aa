import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import type { BackupRepository, SavedPart } from "../../providers/backup/backup-repository.ts";
import type { SecretData } from "../../providers/secrets/secret-store.ts";
import type { SiteRecord } from "../ports.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackupRecord, SitePlacement } from "./backup-record.ts";
import { placementOf } from "./site-placement.ts";
import type { SavePart } from "./take-backup.ts";

export const MANIFEST_PART = "manifest.json";

/** The last part of a backup: what makes the others one, and what a new machine needs to run the site again. */
export interface Manifest {
  readonly version: 1;
  readonly record: BackupRecord;
  /** The site file's name and text; null when it was gone. */
  readonly siteFile: { readonly name: string; readonly text: string } | null;
  /** By name and key. */
  readonly secrets: Readonly<Record<string, SecretData>>;
  /** Undefined in backups of an older Howdah. */
  readonly placement?: SitePlacement;
}

/** Saves the site file and the site's secrets with the record. They are encrypted like everything in the store. */
export async function saveManifest(record: SiteRecord, backup: BackupRecord, save: SavePart, ports: BackupPorts): Promise<SavedPart> {
  const siteText = await ports.files.read(record.file);
  const names = await ports.secrets.list(record.namespace);
  const secrets = await Promise.all(names.map(async ({ name }) => [name, revealed(await ports.secrets.get(record.namespace, name))]));
  const siteFile = siteText === undefined ? null : { name: record.file.split("/").at(-1) ?? "howdah.yaml", text: siteText };
  const placement = await placementOf(record, ports);
  const words = JSON.stringify({ version: 1, record: backup, siteFile, secrets: Object.fromEntries(secrets), placement });
  return await save({ name: MANIFEST_PART, part: "manifest" }, async (sink) => {
    for await (const chunk of Readable.from([words])) sink.write(chunk);
  });
}

function revealed(data: SecretData | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(data ?? {}).map(([key, secret]) => [key, secret.reveal()]));
}

/** Reads one back. Error: `backup/damaged`. */
export async function readManifest(part: string, repository: BackupRepository, signal: AbortSignal): Promise<Manifest> {
  const { stream, done } = repository.read(part, MANIFEST_PART, signal);
  const words = await text(stream);
  await done;
  const found = parsed(words);
  const secrets = Object.entries(found.secrets).map(([name, data]) => [
    name,
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, new Secret(value, `${name}/${key}`)])),
  ]);
  return { ...found, record: { ...found.record, manifest: part }, secrets: Object.fromEntries(secrets) as Manifest["secrets"] };
}

type Written = Omit<Manifest, "secrets"> & { readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>> };

/** The parser's own words would quote the text, which holds secrets. */
function parsed(words: string): Written {
  let found: Written | undefined;
  try {
    found = JSON.parse(words) as Written;
  } catch {
    found = undefined;
  }
  if (found?.version !== 1) throw new HowdahError("backup/damaged", "The manifest of the backup can't be read");
  return found;
}

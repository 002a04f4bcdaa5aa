import { text } from "node:stream/consumers";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { BackupRepository, SavedPart } from "../../../providers/backup/backup-repository.ts";
import type { ServerBackup, ServerManifest } from "./server-backup.ts";

const NAME = "server.json";

/** What a part carries in the store. */
export function serverTags({ server, id }: Pick<ServerBackup, "server" | "id">, part: "server" | "server-manifest"): readonly string[] {
  return [`server=${server}`, `backup=${id}`, `part=${part}`];
}

/** Saves what a server's backup is and holds: without it there is none. */
export async function saveServerManifest(manifest: ServerManifest, repository: BackupRepository, signal: AbortSignal): Promise<SavedPart> {
  const tags = serverTags(manifest.backup, "server-manifest");
  return await repository.save({ name: NAME, tags }, (sink) => Promise.resolve(void sink.write(JSON.stringify(manifest))), signal);
}

/** Reads one back. Error: `backup/damaged`. */
export async function readServerManifest(part: string, repository: BackupRepository, signal: AbortSignal): Promise<ServerManifest> {
  const { stream, done } = repository.read(part, NAME, signal);
  const words = await text(stream);
  await done;
  let found: ServerManifest | undefined;
  try {
    found = JSON.parse(words) as ServerManifest;
  } catch {
    found = undefined;
  }
  if (found?.version !== 1) throw new HowdahError("backup/damaged", "The manifest of the backup can't be read");
  return { ...found, backup: { ...found.backup, manifest: part } };
}

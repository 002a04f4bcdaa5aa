import { cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { BackupRepository } from "../../../providers/backup/backup-repository.ts";
import type { BackupPorts } from "../backup-ports.ts";
import type { StoreDocument } from "../backup-record.ts";
import { inScratchDirectory } from "../fetch-parts.ts";
import { openStore } from "../stores.ts";
import { type ArchivePart, newestParts } from "./archive-parts.ts";
import type { BinlogArchive } from "./binlog-archive.ts";
import { ARCHIVE_FILE, spoolDirectory } from "./ship-binlogs.ts";

/**
 * On a new machine: what a lost one has shipped to the store, so that the seconds after the last backup can be restored here. Servers that
 * this machine ships from itself are left alone. Answers their names.
 */
export async function recoverArchives(store: StoreDocument, ports: BackupPorts, signal: AbortSignal): Promise<readonly string[]> {
  const repository = await openStore(store, ports);
  const backups = await ports.backups.records.list();
  const timelines = new Set(backups.flatMap(({ database }) => database?.position?.timeline ?? []));
  const recovered: string[] = [];
  for (const part of newestParts(await repository.list([], signal), timelines)) {
    if ((await ports.backups.archives.get(part.server)) !== undefined) continue;
    await recover(part, { store, repository }, ports, signal);
    recovered.push(part.server);
  }
  return recovered;
}

async function recover(
  part: ArchivePart,
  { store, repository }: { readonly store: StoreDocument; readonly repository: BackupRepository },
  ports: BackupPorts,
  signal: AbortSignal,
): Promise<void> {
  const { stream, done } = repository.read(part.id, join(part.directory, ARCHIVE_FILE).slice(1), signal);
  const words = await text(stream);
  await done;
  const archive = parsed(words, part.server);
  const bytes = archive.segments.flatMap(({ files }) => files).reduce((sum, file) => sum + file.bytes, 0);
  const spool = spoolDirectory(part.server, ports);
  await inScratchDirectory(bytes, ports, async (scratch) => {
    await repository.readDirectory(part.id, part.directory, scratch, signal);
    await mkdir(dirname(spool), { recursive: true, mode: 0o700 });
    await cp(join(scratch, part.directory), spool, { recursive: true });
  });
  await ports.backups.archives.put(part.server, { ...archive, store: store.name, part: part.id, idle: null, failure: null });
}

function parsed(words: string, server: string): BinlogArchive {
  let found: BinlogArchive | undefined;
  try {
    found = JSON.parse(words) as BinlogArchive;
  } catch {
    found = undefined;
  }
  if (found?.server !== server) throw new HowdahError("backup/damaged", `What is known of the binlogs of ${server} can't be read`);
  return found;
}

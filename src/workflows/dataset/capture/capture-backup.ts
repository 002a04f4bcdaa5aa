import type { PrivateServers } from "../../../providers/dataset/private-server.ts";
import { byteProgress } from "../../database/byte-progress.ts";
import type { ServerBackupPorts } from "../../backup/backup-ports.ts";
import { readServerBackup } from "../../backup/server/read-server-backup.ts";
import { plainVersion } from "../../backup/server/backup-image.ts";
import type { ServerBackup } from "../../backup/server/server-backup.ts";
import type { EngineContext } from "../../ports.ts";
import type { Quarantine } from "../quarantine.ts";
import { CAPTURE, rollForward, unpack } from "./capture-site.ts";
import type { Captured } from "./captured.ts";

/**
 * Takes the files of a server's backup instead of the server: production is not asked anything. All sites of that server come into quarantine; only the tables
 * of one ever leave it. Error: `backup/damaged` for files that are not what was backed up.
 */
export async function captureBackup(
  { backup, database }: { readonly backup: ServerBackup; readonly database: string },
  quarantine: Quarantine,
  ports: ServerBackupPorts & { readonly servers: PrivateServers },
  context: EngineContext,
): Promise<Captured> {
  const { stream, done } = await readServerBackup(backup, ports, context.signal);
  done.catch(() => {}); // awaited below
  const progress = byteProgress(context.emit, CAPTURE, backup.bytes);
  stream.on("error", (error) => progress.stream.destroy(error));
  stream.pipe(progress.stream);
  await unpack(progress.stream, quarantine, ports, context).finally(() => stream.destroy());
  await done;
  await rollForward(quarantine, ports, context);
  const position = backup.position === null ? null : { file: backup.position.file, offset: backup.position.offset, gtid: null };
  return { database, at: backup.ended, position, version: plainVersion(backup.version), bytes: progress.bytes(), files: "source" };
}

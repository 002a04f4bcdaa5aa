import { statfs } from "node:fs/promises";
import type { Readable } from "node:stream";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { BackupRepository } from "../../../providers/backup/backup-repository.ts";
import { digesting } from "../../../providers/digesting.ts";
import { readableBytes } from "../../database/byte-progress.ts";
import type { ServerBackupPorts } from "../backup-ports.ts";
import { findStore, openStore } from "../stores.ts";
import type { ServerBackup } from "./server-backup.ts";
import { SERVER_PART } from "./take-server-backup.ts";

const SPARE_BYTES = 512 * 1024 * 1024;

/** A server's files out of the store, with what tells whether they were what was backed up. */
export interface ServerFiles {
  readonly stream: Readable;
  /** Error: that of the store, `backup/damaged`. Await it when the stream was read to its end, or given up. */
  readonly done: Promise<void>;
}

/** Opens a server's backup for reading. Error: `backup/unknown` for one that is none. */
export async function readServerBackup(backup: ServerBackup, ports: ServerBackupPorts, signal: AbortSignal): Promise<ServerFiles> {
  const { part } = requireWhole(backup);
  const repository: BackupRepository = await openStore(await findStore(backup.store, ports), ports);
  const { stream, done } = repository.read(part, SERVER_PART, signal);
  const digest = digesting();
  const counted = digest.through;
  const whole = new Promise<boolean>((resolve) => {
    counted.once("end", () => resolve(true)).once("close", () => resolve(false));
  });
  stream.on("error", (error) => counted.destroy(error));
  counted.once("close", () => stream.destroy());
  stream.pipe(counted);
  const judged = async (): Promise<void> => {
    // Who gives up ends the program: its own complaint about that explains nothing.
    const failure = await done.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(await whole)) return;
    if (failure !== undefined) throw failure;
    const { sha256, size } = digest.result();
    if (sha256 === backup.sha256) return;
    const instead = `${String(size)} bytes instead of ${String(backup.bytes)}`;
    throw new HowdahError("backup/damaged", `The files in the store are not what was backed up: ${instead}`);
  };
  return { stream: counted, done: judged() };
}

/** Error: `backup/unknown`. */
export function requireWhole(backup: ServerBackup): { readonly part: string; readonly manifest: string } {
  const { part, manifest, state, id, reason } = backup;
  if (state === "done" && part !== null && manifest !== null) return { part, manifest };
  throw new HowdahError("backup/unknown", `${id} is no whole backup: ${reason ?? "it was cut off"}`);
}

/** Error: `machine/disk-full` before anything is written: the files are unpacked below the state directory. */
export async function requireRoom(bytes: number, ports: Pick<ServerBackupPorts, "settings">): Promise<void> {
  const { bavail, bsize } = await statfs(ports.settings.stateDirectory);
  if (bavail * bsize >= bytes + SPARE_BYTES) return;
  throw new HowdahError(
    "machine/disk-full",
    `Unpacking a server takes ${readableBytes(bytes)}, and ${ports.settings.stateDirectory} has ${readableBytes(bavail * bsize)} left`,
  );
}

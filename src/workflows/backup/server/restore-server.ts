import { HowdahError } from "../../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../../kernel/own-names.ts";
import { DATABASE_PATHS } from "../../../render/database/server-options.ts";
import type { EngineContext } from "../../ports.ts";
import { serverReference } from "../../up/database-server.ts";
import { ensureOwn } from "../../up/prepare-database.ts";
import type { ServerBackupPorts } from "../backup-ports.ts";
import { ensureBackupImage, plainVersion } from "./backup-image.ts";
import { onVolume } from "./on-volume.ts";
import { readServerBackup } from "./read-server-backup.ts";
import { CLEAR, MOVED, NEWEST, SWAP, SWEEP, UNPACK } from "./restore-scripts.ts";
import type { ServerBackup } from "./server-backup.ts";

/** What was restored, and what is not in it. */
export interface RestoredServer {
  readonly server: string;
  readonly backup: string;
  /** Sites whose databases are those of the backup. */
  readonly sites: readonly string[];
  /** Sites that came after the backup: their databases are empty. */
  readonly empty: readonly string[];
  /** The directory on the server's volume with what was there. */
  readonly former: string;
}

const ID = "backup/restore-server";
const READY_MS = 900_000;
/** What making the files whole takes beyond them. */
const SPARE_BYTES = 512 * 1024 * 1024;
const PAGE = { text: "The database server is being restored.", retryAfter: 60 };

/**
 * Puts a server's backup in its place: its files are unpacked beside the server's own while that serves, and made whole; then it is stopped, the
 * directories change places, and it starts on them. Everybody's database goes back. What was there stays on the volume until the next restore; when
 * the server does not start on the backup's, it gets its own back. Errors: `backup/damaged`, `machine/busy`, those of the store.
 */
export async function restoreServer(backup: ServerBackup, ports: ServerBackupPorts, context: EngineContext): Promise<RestoredServer> {
  const { server } = backup;
  const image = await ensureBackupImage(server, backup.version, ports, context);
  context.emit({ type: "task-started", id: ID, title: `unpack ${backup.id} beside the files of ${server}` });
  await unpack(backup, image, ports, context);
  const former = `data.former-${stamp(ports)}`;
  await exchange({ image, server, from: "data.restored", former }, ports, context);
  const owners = await ownersOn(server, ports);
  for (const record of owners) await ensureOwn(server, record, ports);
  const names = new Set(backup.databases.map(({ name }) => name));
  const [sites, empty] = [
    owners.filter(({ database }) => names.has(database.name)),
    owners.filter(({ database }) => !names.has(database.name)),
  ];
  const unfinished = await onVolume({ image, server, script: SWEEP, words: [former] }, ports, context);
  if (unfinished !== "")
    warn(`Restores that were cut off left these on ${server}'s volume, and nobody deletes them: ${unfinished}`, context);
  context.emit({ type: "task-done", id: ID, outcome: "changed" });
  const named = (records: typeof owners) => records.map(({ namespace }) => namespace).sort();
  return { server, backup: backup.id, sites: named(sites), empty: named(empty), former };
}

/** Takes the last restore of a server back: what was there before is in its place again. Error: `backup/unknown` when nothing of it is left. */
export async function undoRestoreServer(
  server: string,
  ports: ServerBackupPorts,
  context: EngineContext,
): Promise<{ readonly server: string }> {
  const image = await ensureBackupImage(server, "0", ports, context);
  const found = await onVolume({ image, server, script: NEWEST, words: [] }, ports, context);
  if (!/^data\.former-\d{8}T\d{6}$/.test(found))
    throw new HowdahError("backup/unknown", `Nothing is left of what ${server} held before a restore`);
  context.emit({ type: "task-started", id: ID, title: `give ${server} its former files` });
  await exchange({ image, server, from: found, former: `data.undone-${stamp(ports)}` }, ports, context);
  for (const record of await ownersOn(server, ports)) await ensureOwn(server, record, ports);
  await onVolume({ image, server, script: 'cd "$1" && rm -rf data.undone-*', words: [DATABASE_PATHS.volume] }, ports, context);
  context.emit({ type: "task-done", id: ID, outcome: "changed" });
  return { server };
}

/** Beside the server's own files, while it serves. Of what can't be unpacked, or is not what was backed up, nothing is left. */
async function unpack(backup: ServerBackup, image: string, ports: ServerBackupPorts, context: EngineContext): Promise<void> {
  const { server, bytes, version } = backup;
  const { stream, done } = await readServerBackup(backup, ports, context.signal);
  done.catch(() => {}); // awaited below
  try {
    const words = [plainVersion(version), String(Math.ceil((bytes + SPARE_BYTES) / 1024))];
    await onVolume({ image, server, script: UNPACK, words, input: stream }, ports, context);
    await done;
  } catch (error) {
    stream.destroy();
    if (!context.signal.aborted) await onVolume({ image, server, script: CLEAR, words: [] }, ports, context).catch(() => {}); // the next one does it
    await done; // what the store says explains it
    throw error;
  }
}

/** `20261122T120000`: names that sort by time. */
function stamp({ clock }: Pick<ServerBackupPorts, "clock">): string {
  return new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
}

interface Exchange {
  readonly image: string;
  readonly server: string;
  readonly from: string;
  readonly former: string;
}

/** The server stands still for it. When it does not come back on the others, it gets its own again; what is said is why it did not. */
async function exchange({ image, server, from, former }: Exchange, ports: ServerBackupPorts, context: EngineContext): Promise<void> {
  const still = async (words: readonly string[]): Promise<void> => {
    await ports.engine.hold(SYSTEM_NAMESPACE, { page: PAGE, stop: [server] }, context);
    await onVolume({ image, server, script: SWAP, words }, ports, context);
    await goOn(server, ports, context);
  };
  const back = async (): Promise<void> => {
    if ((await onVolume({ image, server, script: MOVED, words: [former] }, ports, context)) !== "moved")
      return goOn(server, ports, context);
    warn(`${server} does not start on them: it gets its own files back`, context);
    await still([former, from]);
  };
  await ports.locks.hold(SYSTEM_NAMESPACE, "backup restore", async () => {
    try {
      await still([from, former]);
    } catch (error) {
      if (context.signal.aborted) throw error;
      await back().catch((second: unknown) =>
        warn(`${server} does not start on its own files either: ${second instanceof Error ? second.message : String(second)}`, context),
      );
      throw error;
    }
  });
}

function warn(message: string, { emit }: Pick<EngineContext, "emit">): void {
  emit({ type: "notice", level: "warning", message });
}

async function goOn(server: string, ports: ServerBackupPorts, context: EngineContext): Promise<void> {
  await ports.engine.hold(SYSTEM_NAMESPACE, null, context);
  await ports.engine.scaleUp(SYSTEM_NAMESPACE, context);
  await ports.databases.waitReady(serverReference(server, ports), { timeoutMs: READY_MS, signal: context.signal });
}

/** The sites of this machine whose databases are on a server. */
async function ownersOn(server: string, ports: Pick<ServerBackupPorts, "records">) {
  const records = await ports.records.list();
  return records.flatMap((record) => (record.database?.server === server ? [{ ...record, database: record.database }] : []));
}

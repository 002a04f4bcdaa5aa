import { Readable } from "node:stream";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../../kernel/own-names.ts";
import { DATABASE_CONTAINER } from "../../../render/database/database-name.ts";
import { renderServerCopy, SERVER_COPY_NAME } from "../../../render/database/render-server-copy.ts";
import { DATABASE_PATHS } from "../../../render/database/server-options.ts";
import { lastLines } from "../../database/last-lines.ts";
import type { EngineContext } from "../../ports.ts";
import { serverReference } from "../../up/database-server.ts";
import { ensureOwn } from "../../up/prepare-database.ts";
import type { ServerBackupPorts } from "../backup-ports.ts";
import { ensureBackupImage, plainVersion } from "./backup-image.ts";
import { reasonOf } from "./copy-server.ts";
import { readServerBackup } from "./read-server-backup.ts";
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
const PAGE = { text: "The database server is being restored.", retryAfter: 60 };

/** In busybox' shell, on the server's volume. VERSION; standard input are the files. */
const UNPACK = `set -euo pipefail
umask 077
cd ${DATABASE_PATHS.volume}
rm -rf data.restored
mkdir data.restored
mbstream -x -C data.restored
mariadb-backup --prepare --use-memory=512M --target-dir=${DATABASE_PATHS.volume}/data.restored >&2
printf '%s\\n' "$1" >data.restored/howdah-version
sync
`;

/** FROM and FORMER: what is there goes to FORMER, FROM comes to its place. Again after a kill, it goes on where it was. */
const SWAP = `set -euo pipefail
cd ${DATABASE_PATHS.volume}
[ -d "$1" ] || { echo "ERROR $1 is not there" >&2; exit 1; }
if [ -d data ]; then mv data "$2"; fi
mv "$1" data
sync
`;

/** FORMER, or nothing: others that restores have left go. */
const SWEEP = `set -euo pipefail
cd ${DATABASE_PATHS.volume}
for one in data.former-*; do
  if [ -d "$one" ] && [ "$one" != "$1" ]; then rm -rf "$one"; fi
done
`;

/** The newest that a restore has left. */
const NEWEST = `cd ${DATABASE_PATHS.volume} && ls -d data.former-* 2>/dev/null | sort | tail -n 1`;

/**
 * Puts a server's backup in its place: its files are unpacked beside the server's own while that serves, and made whole; then it is stopped, the
 * directories change places, and it starts on them. Everybody's database goes back. What was there stays on the volume until the next restore; when
 * the server does not start on the backup's, it gets its own back. Errors: `backup/damaged`, `machine/busy`, those of the store.
 */
export async function restoreServer(backup: ServerBackup, ports: ServerBackupPorts, context: EngineContext): Promise<RestoredServer> {
  const { server } = backup;
  const image = await ensureBackupImage(server, backup.version, ports, context);
  context.emit({ type: "task-started", id: ID, title: `unpack ${backup.id} beside the files of ${server}` });
  const { stream, done } = await readServerBackup(backup, ports, context.signal);
  done.catch(() => {}); // awaited below
  try {
    await onVolume({ image, server, script: UNPACK, words: [plainVersion(backup.version)], input: stream }, ports, context);
  } catch (error) {
    stream.destroy();
    await done; // what the store says explains it
    throw error;
  }
  await done;
  const former = `data.former-${new Date(ports.clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}`;
  await exchange({ image, server, from: "data.restored", former }, ports, context);
  const owners = await ownersOn(server, ports);
  for (const record of owners) await ensureOwn(server, record, ports);
  const names = new Set(backup.databases.map(({ name }) => name));
  const [sites, empty] = [
    owners.filter(({ database }) => names.has(database.name)),
    owners.filter(({ database }) => !names.has(database.name)),
  ];
  await onVolume({ image, server, script: SWEEP, words: [former] }, ports, context);
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
  await exchange({ image, server, from: found, former: "data.undone" }, ports, context);
  for (const record of await ownersOn(server, ports)) await ensureOwn(server, record, ports);
  await onVolume({ image, server, script: 'cd "$1" && rm -rf data.undone', words: [DATABASE_PATHS.volume] }, ports, context);
  context.emit({ type: "task-done", id: ID, outcome: "changed" });
  return { server };
}

interface Exchange {
  readonly image: string;
  readonly server: string;
  readonly from: string;
  readonly former: string;
}

/** The server stands still for it. When it does not come back on the others, it gets its own again. */
async function exchange({ image, server, from, former }: Exchange, ports: ServerBackupPorts, context: EngineContext): Promise<void> {
  await ports.locks.hold(SYSTEM_NAMESPACE, "backup restore", async () => {
    const still = async (words: readonly string[]): Promise<void> => {
      await ports.engine.hold(SYSTEM_NAMESPACE, { page: PAGE, stop: [server] }, context);
      await onVolume({ image, server, script: SWAP, words }, ports, context);
      await goOn(server, ports, context);
    };
    try {
      await still([from, former]);
    } catch (error) {
      if (context.signal.aborted) throw error;
      context.emit({ type: "notice", level: "warning", message: `${server} does not start on them: it gets its own files back` });
      await still([former, "data.restored"]);
      throw error;
    }
  });
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

interface OnVolume {
  readonly image: string;
  readonly server: string;
  readonly script: string;
  readonly words: readonly string[];
  readonly input?: Readable;
}

/** Runs a script of this file on a server's volume. Answers what it printed. */
async function onVolume(
  { image, server, script, words, input }: OnVolume,
  ports: ServerBackupPorts,
  context: EngineContext,
): Promise<string> {
  const [output, errors] = [lastLines(), lastLines(200)];
  const target = {
    namespace: SYSTEM_NAMESPACE,
    workload: SERVER_COPY_NAME,
    container: DATABASE_CONTAINER,
    desired: renderServerCopy(image, server, "write"),
  };
  const streams = { stdin: input ?? Readable.from([]), stdout: output.stream, stderr: errors.stream };
  const code = await ports.engine.runOnce(target, { argv: ["sh", "-c", script, "sh", ...words], ...streams }, context);
  if (code === 0) return output.lines().at(-1) ?? "";
  throw new HowdahError("backup/failed", `The files of ${server} could not be put in place: ${reasonOf(errors.lines(), code)}`, {
    output: errors.lines(),
  });
}

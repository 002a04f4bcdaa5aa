import { PassThrough, Readable } from "node:stream";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../../kernel/own-names.ts";
import type { PrivateServers } from "../../../providers/dataset/private-server.ts";
import { DATABASE_CONTAINER } from "../../../render/database/database-name.ts";
import { renderServerCopy, SERVER_COPY_NAME } from "../../../render/database/render-server-copy.ts";
import { QUARANTINE } from "../../../render/database/breeder-options.ts";
import { copyArgv } from "../../../render/database/copy-argv.ts";
import { reasonOf } from "../../backup/server/copy-server.ts";
import { byteProgress } from "../../database/byte-progress.ts";
import { lastLines } from "../../database/last-lines.ts";
import type { EngineContext, Ports } from "../../ports.ts";
import { inQuarantine, type Quarantine } from "../quarantine.ts";
import type { Captured } from "./captured.ts";

/** Which database of which of our own servers. */
export interface SourceDatabase {
  readonly server: string;
  readonly name: string;
  readonly version: string;
}

export const CAPTURE = "dataset/capture";
const POSITION = /binlog position: filename '([^']+)', position '(\d+)'(?:, GTID of the last change '([^']*)')?/;
const WHOLE = /completed OK!/;
/** Of the system's tables only those in which routines and events are written down: no account leaves the server. */
const SYSTEM_TABLES = "mysql.proc mysql.event";

/**
 * Copies the files of one site's tables from a server that serves: mariadb-backup tells the server by BACKUP STAGE what it does, and no reader or writer is
 * ever locked out (FLUSH TABLES WITH READ LOCK stalled all writers for 7 s, this for 0.06 s: clones.md 4.5). They are unpacked in quarantine and rolled to
 * their moment there. Undo and redo of the whole server come along, so nothing but single tables is ever taken out of these files.
 */
export async function captureSite(
  { server, name, version }: SourceDatabase,
  quarantine: Quarantine,
  ports: Pick<Ports, "engine" | "clock"> & { readonly servers: PrivateServers },
  context: EngineContext,
): Promise<Captured> {
  const address = await ports.engine.locate(SYSTEM_NAMESPACE, server);
  if (address === undefined) throw new HowdahError("engine/not-ready", `The database server ${server} does not run`);
  const errors = lastLines(200);
  const progress = byteProgress(context.emit, CAPTURE, 0);
  const unpacked = new PassThrough();
  progress.stream.pipe(unpacked);
  const unpacking = unpack(unpacked, quarantine, ports, context);
  unpacking.catch(() => {}); // awaited below
  const desired = renderServerCopy(quarantine.image, server, "read");
  const target = { namespace: SYSTEM_NAMESPACE, workload: SERVER_COPY_NAME, container: DATABASE_CONTAINER, desired };
  const request = {
    argv: copyArgv(address, `${SYSTEM_TABLES} ${name}`),
    stdin: Readable.from([]),
    stdout: progress.stream,
    stderr: errors.stream,
  } as const;
  const code = await ports.engine.runOnce(target, request, context).finally(() => progress.stream.end());
  await unpacking;
  const said = errors.lines();
  if (code !== 0 || !said.some((line) => WHOLE.test(line)))
    throw new HowdahError("dataset/failed", `The files of ${name} could not be copied: ${reasonOf(said, code)}`, { output: said });
  const at = new Date(ports.clock.now()).toISOString();
  await rollForward(quarantine, ports, context);
  const [, file = "", offset = "0", gtid] = POSITION.exec(said.findLast((line) => POSITION.test(line)) ?? "") ?? [];
  const position = file === "" ? null : { file, offset: Number(offset), gtid: gtid === undefined || gtid === "" ? null : gtid };
  return { database: name, at, position, version, bytes: progress.bytes(), files: "source" };
}

/** Unpacks mbstream's stream into the quarantine. Error: `dataset/failed`. */
export async function unpack(
  input: Readable,
  quarantine: Quarantine,
  { servers }: { readonly servers: PrivateServers },
  { signal }: EngineContext,
): Promise<void> {
  const container = inQuarantine(quarantine, ["mbstream", "-x", "-C", `${QUARANTINE}/source`]);
  const { code, lastLines: output } = await servers.run(container, { input, signal });
  if (code !== 0) throw new HowdahError("dataset/failed", `The copied files could not be unpacked: ${reasonOf(output, code)}`, { output });
}

/** Lets InnoDB bring the files to the moment that they were copied at. Error: `dataset/failed`. */
export async function rollForward(
  quarantine: Quarantine,
  { servers }: { readonly servers: PrivateServers },
  { signal }: EngineContext,
): Promise<void> {
  const argv = ["mariadb-backup", "--prepare", "--use-memory=512M", `--target-dir=${QUARANTINE}/source`];
  const { code, lastLines: output } = await servers.run(inQuarantine(quarantine, argv), { signal });
  if (code !== 0)
    throw new HowdahError("dataset/failed", `The copied files can't be brought to one moment: ${reasonOf(output, code)}`, { output });
}

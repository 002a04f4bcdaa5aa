import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { BackupRepository, SavedPart } from "../../../providers/backup/backup-repository.ts";
import { sql } from "../../../kernel/sql.ts";
import { digesting } from "../../../providers/digesting.ts";
import type { EngineContext } from "../../ports.ts";
import { askServer } from "../ask-server.ts";
import type { ServerBackupPorts } from "../backup-ports.ts";
import type { StoreDocument } from "../backup-record.ts";
import { timelineOf } from "../binlog/timeline.ts";
import { openStore } from "../stores.ts";
import { refuseStranger } from "../strangers.ts";
import { newBackupId } from "../take-backup.ts";
import { ensureBackupImage } from "./backup-image.ts";
import { copyServer } from "./copy-server.ts";
import { requireServer } from "./require-server.ts";
import type { CopiedDatabase, CopiedTable, ServerBackup } from "./server-backup.ts";
import { saveServerManifest, serverTags } from "./server-manifest.ts";
import { contentsSince, tableStates } from "./table-contents.ts";

/** Which server, and where to. */
export interface WantedServerBackup {
  readonly server: string;
  readonly store: StoreDocument;
  readonly why: ServerBackup["why"];
}

export const SERVER_PART = "server.mbstream";

/**
 * Backs up a whole server while it serves: its files as of one moment, by mariadb-backup, as one stream into the store, which keeps only what is new of
 * it. Then what its tables hold is learned, to compare with. It is written down before it begins and when it ended, however it ended. Errors:
 * `database/server-unknown`, `engine/not-ready` for a server that does not run, `backup/failed`, those of the store.
 */
export async function takeServerBackup(
  wanted: WantedServerBackup,
  ports: ServerBackupPorts,
  context: EngineContext,
): Promise<ServerBackup> {
  const { server, store } = wanted;
  await requireServer(server, ports);
  const remembered = await ports.backups.servers.list(`${server}.`);
  await refuseStranger({ kind: "server", name: server, store: store.name, remembered }, await openStore(store, ports), context.signal);
  const image = await ensureBackupImage(server, await versionOf(server, ports, context), ports, context);
  const begun = await begin(wanted, ports, context);
  const key = serverBackupKey(begun);
  const saved: SavedPart[] = [];
  try {
    const repository = await openStore(store, ports);
    const done = await save(begun, { image, repository, saved }, ports, context);
    await ports.backups.servers.put(key, done);
    return done;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await ports.backups.servers.put(key, { ...begun, state: "failed", reason, endedAt: now(ports) });
    const repository = await openStore(store, ports);
    const parts = saved.map(({ id }) => id);
    await repository.forget(parts, { prune: false }, new AbortController().signal).catch(() => undefined);
    if (error instanceof HowdahError) context.emit({ type: "task-failed", id: ID, code: error.code, message: error.message });
    throw error;
  }
}

const ID = "backup/server";

/** The document that a server's backup is remembered in. */
export function serverBackupKey({ server, id }: Pick<ServerBackup, "server" | "id">): string {
  return `${server}.${id}`;
}

async function versionOf(server: string, ports: ServerBackupPorts, context: EngineContext): Promise<string> {
  const [[version = ""] = []] = await askServer({ server }, sql`SELECT VERSION()`, ports, context);
  return version;
}

async function begin({ server, store, why }: WantedServerBackup, ports: ServerBackupPorts, context: EngineContext): Promise<ServerBackup> {
  const startedAt = now(ports);
  const begun: ServerBackup = {
    ...{ id: newBackupId(startedAt), server, store: store.name, why, startedAt, endedAt: null, state: "running", reason: null },
    ...{
      runner: await ports.machine.processIdentity(),
      version: await versionOf(server, ports, context),
      part: null,
      bytes: 0,
      sha256: "",
    },
    ...{ databases: await databasesOf(server, ports, context), tables: 0, position: null, begun: startedAt, ended: startedAt },
    ...{ manifest: null, verified: null },
  };
  await ports.backups.servers.put(serverBackupKey(begun), begun);
  return begun;
}

interface Saving {
  readonly image: string;
  readonly repository: BackupRepository;
  /** What is in the store already, to be taken away when the rest fails. */
  readonly saved: SavedPart[];
}

async function save(
  begun: ServerBackup,
  { image, repository, saved }: Saving,
  ports: ServerBackupPorts,
  context: EngineContext,
): Promise<ServerBackup> {
  const { server } = begun;
  context.emit({ type: "task-started", id: ID, title: `copy the files of ${server} while it serves` });
  const before = await tableStates(server, ports, context);
  const timeline = await timelineOf(server, ports, context);
  const digest = digesting();
  let position: { readonly file: string; readonly offset: number } | null = null;
  const start = now(ports);
  const part = await repository.save(
    { name: SERVER_PART, tags: serverTags(begun, "server") },
    async (sink) => {
      const written = pipeline(digest.through, sink, { end: false, signal: context.signal });
      written.catch(() => {}); // awaited below
      position = await copyServer({ server, image, output: digest.through, id: ID }, ports, context);
      digest.through.end();
      await written;
    },
    context.signal,
  );
  saved.push(part);
  const ended = now(ports);
  const tables = await contentsSince(before, server, ports, context);
  const { sha256, size: bytes } = digest.result();
  const place = position === null ? null : { ...(position as { file: string; offset: number }), timeline };
  const whole: ServerBackup = {
    ...begun,
    ...{ state: "done", part: part.id, bytes, sha256, tables: tables.length, position: place, begun: start, ended },
  };
  return await conclude(whole, tables, { image, repository, saved }, ports, context);
}

async function conclude(
  whole: ServerBackup,
  tables: readonly CopiedTable[],
  { repository, saved }: Saving,
  ports: ServerBackupPorts,
  context: EngineContext,
): Promise<ServerBackup> {
  const done = { ...whole, endedAt: now(ports) };
  const manifest = await saveServerManifest({ version: 1, backup: done, tables }, repository, context.signal);
  saved.push(manifest);
  const unknown = tables.filter(({ checksum }) => checksum === null).length;
  const detail = `${String(tables.length)} tables${unknown === 0 ? "" : `, ${String(unknown)} of them written to meanwhile`}`;
  context.emit({ type: "task-done", id: ID, outcome: "changed", detail });
  return { ...done, manifest: manifest.id };
}

async function databasesOf(server: string, ports: ServerBackupPorts, context: EngineContext): Promise<readonly CopiedDatabase[]> {
  const records = await ports.records.list();
  const owners = new Map(records.flatMap(({ namespace, database }) => (database?.server === server ? [[database.name, namespace]] : [])));
  const rows = await askServer(
    { server },
    sql`SELECT HEX(SCHEMA_NAME) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')`,
    ports,
    context,
  );
  return rows.map(([hex = ""]) => {
    const name = Buffer.from(hex, "hex").toString("utf8");
    return { name, namespace: owners.get(name) ?? null };
  });
}

function now(ports: Pick<ServerBackupPorts, "clock">): string {
  return new Date(ports.clock.now()).toISOString();
}

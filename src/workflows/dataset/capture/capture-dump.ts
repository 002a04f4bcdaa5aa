import { join } from "node:path";
import { PassThrough } from "node:stream";
import { chown } from "node:fs/promises";
import { RUN_AS } from "../../../kernel/label.ts";
import { identifier, sql, word } from "../../../kernel/sql.ts";
import { breederOptions, PRIVATE_CLIENT_FILE } from "../../../render/database/breeder-options.ts";
import { DATABASE_PATHS } from "../../../render/database/server-options.ts";
import type { PrivateServer, PrivateServers } from "../../../providers/dataset/private-server.ts";
import { dumpDatabase, type DumpPorts } from "../../database/dump-database.ts";
import { siteDatabase } from "../../database/site-database.ts";
import type { EngineContext, Ports, SiteRecord } from "../../ports.ts";
import { PRIVATE_INIT } from "../masking/private-breeder.ts";
import { inQuarantine, type Quarantine } from "../quarantine.ts";
import type { Captured } from "./captured.ts";
import { startRawServer } from "./raw-server.ts";

/** A database that is brought as SQL. */
export interface DumpedDatabase {
  readonly name: string;
  readonly version: string;
  readonly charset: string;
  readonly collation: string;
  /** Brings its content, as it is at one moment, into an empty database of that name. Answers the bytes of SQL. */
  readonly load: (server: PrivateServer, context: EngineContext) => Promise<number>;
}

/**
 * Brings a database from a server whose files are not here: as SQL, at one moment, streamed into a server in quarantine. Slower than files by far
 * (20 times: clones.md 4.1), and the rest of the breed is the same.
 */
export async function captureDump(
  { name, version, charset, collation, load }: DumpedDatabase,
  quarantine: Quarantine,
  ports: Pick<Ports, "clock"> & { readonly servers: PrivateServers },
  context: EngineContext,
): Promise<Captured> {
  const at = new Date(ports.clock.now()).toISOString();
  await makeServer(quarantine, ports, context);
  const server = await startRawServer(quarantine, "source/data", ports, context);
  const connection = await server.connect();
  await connection.query(sql`CREATE DATABASE ${identifier(name)} CHARACTER SET ${word(charset)} COLLATE ${word(collation)}`);
  await connection.close();
  const bytes = await load(server, context);
  await server.stop(true);
  return { database: name, at, position: null, version, bytes, files: "source/data" };
}

/** What mariadb's client needs for raw rows. */
export const LOAD_OPTIONS = ["--binary-mode", "--max-allowed-packet=1G", "--default-character-set=utf8mb4"] as const;

/** Dumps beside the source's server, and streams it through this process. */
export async function loadStreamed(record: SiteRecord, server: PrivateServer, ports: DumpPorts, context: EngineContext): Promise<number> {
  const dump = new PassThrough();
  const { name } = siteDatabase(record);
  const load = server.exec(["mariadb", "--no-defaults", `--socket=${DATABASE_PATHS.socket}`, ...LOAD_OPTIONS, name], dump);
  load.stdout.resume();
  const [{ bytes }] = await Promise.all([dumpDatabase(record, { stream: dump }, ports, context).finally(() => dump.end()), load.done]);
  return bytes;
}

/** With its system tables, so that routines have a place; accounts it has none of anybody's. */
async function makeServer(
  quarantine: Quarantine,
  { servers }: { readonly servers: PrivateServers },
  { signal }: EngineContext,
): Promise<void> {
  const container = inQuarantine(quarantine, [DATABASE_PATHS.entrypoint]);
  await chown(join(quarantine.directory, "source"), RUN_AS, RUN_AS);
  const server = await servers.start(
    {
      ...container,
      directories: [...container.directories, { from: join(quarantine.directory, "source"), to: DATABASE_PATHS.volume }],
      files: {
        [DATABASE_PATHS.configFile]: breederOptions({ poolBytes: 128 * 1024 * 1024, sealing: false }),
        [DATABASE_PATHS.initFile]: PRIVATE_INIT,
        [DATABASE_PATHS.clientFile]: PRIVATE_CLIENT_FILE,
      },
    },
    signal,
  );
  await server.stop(true);
}

import { chown, constants, copyFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { RUN_AS } from "../../../kernel/label.ts";
import { identifier, list, sql } from "../../../kernel/sql.ts";
import type { PrivateConnection, PrivateServer } from "../../../providers/dataset/private-server.ts";
import { DATABASE_PATHS } from "../../../render/database/server-options.ts";
import type { Captured } from "../capture/captured.ts";
import { DATASET_DATABASE } from "../generation.ts";
import { RAW, type Nursery } from "./private-breeder.ts";
import type { RawTable } from "./read-definitions.ts";
import { tableDefinition } from "./table-definition.ts";
import { fileNameOf } from "./table-file-name.ts";

/** A table on its way from the captured files: `raw` to be masked, `dataset` to stay as it is. */
export interface WantedTable {
  readonly table: RawTable;
  readonly schema: typeof RAW | typeof DATASET_DATABASE;
}

/** Both ends. */
export interface Attaching {
  readonly nursery: Nursery;
  readonly database: string;
  readonly files: Captured["files"];
  readonly breeder: PrivateServer;
  readonly connection: PrivateConnection;
}

/**
 * Has the raw server close its tables and say how each file is made up (`.cfg`), then stops it at once: from here on its files are only files. Answers nothing
 * when there is none to attach.
 */
export async function closeForExport(raw: PrivateServer, database: string, tables: readonly RawTable[]): Promise<void> {
  if (tables.length > 0) {
    const connection = await raw.connect();
    const names = tables.map(({ name }) => sql`${identifier(database)}.${identifier(name)}`);
    await connection.query(sql`FLUSH TABLES ${list(names)} FOR EXPORT`);
  }
  await raw.stop(false); // the files that say how tables are made up would go with the lock
}

/** Attaches one table's file; false when the server does not take it, and nothing of it stays. */
export async function attachTable({ table, schema }: WantedTable, { nursery, files, database, connection }: Attaching): Promise<boolean> {
  const at = sql`${identifier(schema)}.${identifier(table.name)}`;
  await connection.query(tableDefinition(table.created).whole(at));
  await connection.query(sql`ALTER TABLE ${at} DISCARD TABLESPACE`);
  const from = join(nursery.quarantine.directory, files, fileNameOf(database), fileNameOf(table.name));
  const directory = schema === RAW ? join(nursery.quarantine.directory, "attached") : join(nursery.directory, "data", schema);
  const to = join(directory, fileNameOf(table.name));
  for (const end of [".cfg", ".ibd"]) await moveFile(`${from}${end}`, `${to}${end}`);
  const taken = await connection.query(sql`ALTER TABLE ${at} IMPORT TABLESPACE`).then(
    () => true,
    () => false,
  );
  await rm(`${to}.cfg`, { force: true });
  if (taken) return true;
  // Its columns were changed in place, for which an older MariaDB has no word in the file: the raw server copies its rows instead.
  await moveFile(`${to}.ibd`, `${from}.ibd`);
  await connection.query(sql`DROP TABLE ${at}`);
  return false;
}

/** Copies a table's rows from the raw server, which runs, as SQL: what is in several files, or no InnoDB. */
export async function copyTable(
  { table, schema }: WantedTable,
  raw: PrivateServer,
  { database, breeder, connection }: Attaching,
): Promise<void> {
  const at = sql`${identifier(schema)}.${identifier(table.name)}`;
  await connection.query(sql`DROP TABLE IF EXISTS ${at}`);
  if (!table.sequence) await connection.query(tableDefinition(unlogged(table.created, schema)).whole(at));
  const dump = raw.exec([
    ...["mariadb-dump", "--no-defaults", `--socket=${DATABASE_PATHS.socket}`, "--skip-lock-tables", "--skip-triggers", "--hex-blob"],
    ...[
      "--max-allowed-packet=1G",
      "--default-character-set=utf8mb4",
      ...(table.sequence ? [] : ["--no-create-info"]),
      "--",
      database,
      table.name,
    ],
  ]);
  const options = ["--binary-mode", "--max-allowed-packet=1G", "--default-character-set=utf8mb4"];
  const load = breeder.exec(["mariadb", `--defaults-file=${DATABASE_PATHS.clientFile}`, ...options, schema], dump.stdout);
  load.stdout.resume();
  await Promise.all([dump.done, load.done]);
}

/** Aria writes rows of transactional tables into a log, which is published: raw ones are not transactional. */
function unlogged(created: string, schema: WantedTable["schema"]): string {
  if (schema !== RAW) return created;
  return created
    .replace(/\) ENGINE=Aria( TRANSACTIONAL=\d)?|\) ENGINE=Aria\b/, ") ENGINE=Aria TRANSACTIONAL=0")
    .replace(/ TRANSACTIONAL=1\b/, "");
}

/** Within a file system by its name, between two by a copy that shares what it can. */
async function moveFile(from: string, to: string): Promise<void> {
  await rename(from, to).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EXDEV") throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    await chown(to, RUN_AS, RUN_AS);
    await rm(from);
  });
}

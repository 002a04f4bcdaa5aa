import type { DatabaseSchema } from "../../../anonymize/database-schema.ts";
import type { MaskPlan, TablePlan } from "../../../anonymize/plan.ts";
import { identifier, sql, word } from "../../../kernel/sql.ts";
import type { PrivateConnection, PrivateServer, PrivateServers } from "../../../providers/dataset/private-server.ts";
import type { EngineContext } from "../../ports.ts";
import type { Captured } from "../capture/captured.ts";
import { startRawServer } from "../capture/raw-server.ts";
import { DATASET_DATABASE } from "../generation.ts";
import type { Quarantine } from "../quarantine.ts";
import { readSchema } from "../read-schema.ts";
import { type Attaching, attachTable, closeForExport, copyTable, type WantedTable } from "./attach-tables.ts";
import { type Nursery, RAW, startBreeder } from "./private-breeder.ts";
import { type RawDefinitions, type RawTable, readDefinitions } from "./read-definitions.ts";
import { publishedTable, rawTable } from "./rebuild-table.ts";
import { tableDefinition } from "./table-definition.ts";

/** Raw tables, ready to be masked. */
export interface OpenTables {
  readonly plan: MaskPlan;
  readonly schema: DatabaseSchema;
  readonly definitions: RawDefinitions;
  readonly nursery: Nursery;
  readonly breeder: PrivateServer;
  readonly connection: PrivateConnection;
}

/** What opening asks of its caller. */
export interface Opening {
  readonly quarantine: Quarantine;
  readonly captured: Captured;
  /** Makes the empty server's files, meanwhile. */
  readonly nursery: () => Promise<Nursery>;
  /** Judges what was captured: somebody may have altered the source since it was looked at. Error: `dataset/unclassified`. */
  readonly check: (schema: DatabaseSchema) => MaskPlan;
}

export const OPENING = "dataset/open";

/**
 * Takes a site's tables out of the captured files, which hold undo and redo of all its neighbours, into a server that was empty: what is masked into the schema
 * `raw`, whose files are in quarantine, what stays as it is into the dataset itself.
 */
export async function openTables(
  { quarantine, captured, nursery: makeNursery, check }: Opening,
  ports: { readonly servers: PrivateServers },
  context: EngineContext,
): Promise<OpenTables> {
  const { database, files } = captured;
  const [raw, nursery] = await Promise.all([startRawServer(quarantine, files, ports, context), makeNursery()]);
  const asking = await raw.connect();
  const schema = await readSchema(asking, database);
  const definitions = await readDefinitions(asking, database);
  await asking.close();
  const plan = check(schema);
  const breeder = await startBreeder(nursery, ports, context);
  const connection = await breeder.connect();
  await makeSchemas(definitions, connection);
  const attaching: Attaching = { nursery, database, files, breeder, connection };
  const wanted = wantedTables(plan, definitions.tables);
  for (const one of wanted.filter(({ table }) => !table.attachable)) await copyTable(one, raw, attaching);
  const attachable = wanted.filter(({ table }) => table.attachable);
  await closeForExport(
    raw,
    database,
    attachable.map(({ table }) => table),
  );
  const refused: WantedTable[] = [];
  for (const one of attachable) {
    if (context.signal.aborted) throw context.signal.reason;
    if (!(await attachTable(one, attaching))) refused.push(one);
  }
  if (refused.length > 0) await copyRefused(refused, attaching, ports, context);
  await standIns(plan, definitions.tables, connection);
  return { plan, schema, definitions, nursery, breeder, connection };
}

async function makeSchemas({ charset, collation }: RawDefinitions, connection: PrivateConnection): Promise<void> {
  const traits = sql`CHARACTER SET ${word(charset)} COLLATE ${word(collation)}`;
  await connection.query(sql`SET SESSION foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'`);
  await connection.query(sql`CREATE DATABASE ${identifier(DATASET_DATABASE)} ${traits}`);
  await connection.query(sql`ALTER DATABASE ${identifier(RAW)} ${traits}`); // its directory is there already
}

/** Where each table goes; what no plan names (sequences) holds no row of anybody and stays. */
function wantedTables(plan: MaskPlan, tables: readonly RawTable[]): readonly WantedTable[] {
  const actions = new Map<string, TablePlan["action"]>(plan.tables.map(({ name, action }) => [name, action]));
  return tables.flatMap((table): WantedTable[] => {
    const action = actions.get(table.name) ?? "keep";
    if (action === "drop-rows" || action === "drop-table") return [];
    return [{ table, schema: action === "keep" ? DATASET_DATABASE : RAW }];
  });
}

async function copyRefused(
  refused: readonly WantedTable[],
  attaching: Attaching,
  ports: { readonly servers: PrivateServers },
  context: EngineContext,
): Promise<void> {
  const again = await startRawServer(attaching.nursery.quarantine, attaching.files, ports, context);
  for (const one of refused) await copyTable(one, again, attaching);
  await again.stop(false);
}

/** Conditions that follow other tables look for all of them in `raw`: those that are not there are seen through a view, or are empty. */
async function standIns(plan: MaskPlan, tables: readonly RawTable[], connection: PrivateConnection): Promise<void> {
  const created = new Map(tables.map((table) => [table.name, table.created]));
  for (const { name, action } of plan.tables) {
    if (action === "keep") await connection.query(sql`CREATE VIEW ${rawTable(name)} AS SELECT * FROM ${publishedTable(name)}`);
    if (action === "drop-rows" || action === "drop-table")
      await connection.query(tableDefinition(created.get(name) ?? "").whole(rawTable(name)));
  }
}

/** Takes everything raw out of the server again; its files are then gone, and the quarantine may be. */
export async function closeTables({ breeder, connection }: Pick<OpenTables, "breeder" | "connection">): Promise<void> {
  await connection.query(sql`SET SESSION foreign_key_checks = 0`);
  const rows = await connection.query(
    sql`SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'raw'`,
  );
  for (const { name, type } of rows)
    await connection.query(type === "VIEW" ? sql`DROP VIEW ${rawTable(String(name))}` : sql`DROP TABLE ${rawTable(String(name))}`);
  await connection.close();
  await breeder.stop(true);
}

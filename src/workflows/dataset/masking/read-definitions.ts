import { identifier, sql, text } from "../../../kernel/sql.ts";
import { hasPlainFileName } from "./table-file-name.ts";
import type { PrivateConnection } from "../../../providers/dataset/private-server.ts";

/** A table as it is made, and whether its file can be attached as it is. */
export interface RawTable {
  readonly name: string;
  readonly created: string;
  /** InnoDB, in one file, without the auxiliary files of full text: IMPORT TABLESPACE takes it. */
  readonly attachable: boolean;
  /** A counter that looks like a table. */
  readonly sequence: boolean;
}

/** A view, trigger, routine or event, as the server prints it. */
export interface RawProgram {
  readonly kind: "view" | "trigger" | "procedure" | "function" | "event";
  readonly name: string;
  readonly created: string;
  readonly sqlMode: string;
}

/** Everything of a database that is no row. */
export interface RawDefinitions {
  readonly charset: string;
  readonly collation: string;
  readonly tables: readonly RawTable[];
  readonly programs: readonly RawProgram[];
  /** Events whose schedule can't be told again without accounts (`1:30 HOUR_MINUTE`, once at a time that is over). */
  readonly leftOut: readonly string[];
}

/** Reads it from a server on captured files. */
export async function readDefinitions(connection: PrivateConnection, database: string): Promise<RawDefinitions> {
  await connection.query(sql`USE ${identifier(database)}`);
  const [schema] = await connection.query(
    sql`SELECT DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${text(database)}`,
  );
  const tables = await readTables(connection, database);
  const programs = [...(await readViews(connection, database)), ...(await readTriggers(connection, database))];
  programs.push(...(await readRoutines(connection, database)));
  const events = await readEvents(connection, database);
  const [charset, collation] = [String(schema?.["charset"] ?? "utf8mb4"), String(schema?.["collation"] ?? "utf8mb4_unicode_ci")];
  return { charset, collation, tables, programs: [...programs, ...events.programs], leftOut: events.leftOut };
}

async function readTables(connection: PrivateConnection, database: string): Promise<readonly RawTable[]> {
  const rows = await connection.query(
    sql`SELECT TABLE_NAME AS name, ENGINE AS engine, CREATE_OPTIONS AS options, TABLE_TYPE AS type FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = ${text(database)} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE') ORDER BY TABLE_NAME`,
  );
  const tables: RawTable[] = [];
  for (const { name, engine, options, type } of rows) {
    const created = await definitionFrom(connection, sql`SHOW CREATE TABLE ${identifier(String(name))}`, "Create Table");
    const special = /partitioned|encrypted|page_compressed/i.test(String(options ?? "")) || type !== "BASE TABLE";
    tables.push({
      name: String(name),
      created,
      attachable: engine === "InnoDB" && !special && hasPlainFileName(String(name)) && !/^ {2}FULLTEXT KEY /m.test(created),
      sequence: type === "SEQUENCE",
    });
  }
  return tables;
}

async function definitionFrom(connection: PrivateConnection, statement: ReturnType<typeof sql>, column: string): Promise<string> {
  const [row] = await connection.query(statement);
  return String(row?.[column] ?? "");
}

async function namesOf(connection: PrivateConnection, statement: ReturnType<typeof sql>): Promise<readonly string[]> {
  return (await connection.query(statement)).map(({ name }) => String(name));
}

async function readViews(connection: PrivateConnection, database: string): Promise<readonly RawProgram[]> {
  const names = await namesOf(
    connection,
    sql`SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(database)} AND TABLE_TYPE = 'VIEW' ORDER BY TABLE_NAME`,
  );
  const views: RawProgram[] = [];
  for (const name of names)
    views.push({
      kind: "view",
      name,
      created: await definitionFrom(connection, sql`SHOW CREATE VIEW ${identifier(name)}`, "Create View"),
      sqlMode: "",
    });
  return views;
}

async function readTriggers(connection: PrivateConnection, database: string): Promise<readonly RawProgram[]> {
  const rows = await connection.query(
    sql`SELECT TRIGGER_NAME AS name, SQL_MODE AS mode FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${text(database)}
      ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER`,
  );
  const triggers: RawProgram[] = [];
  for (const { name, mode } of rows) {
    const created = await definitionFrom(connection, sql`SHOW CREATE TRIGGER ${identifier(String(name))}`, "SQL Original Statement");
    triggers.push({ kind: "trigger", name: String(name), created, sqlMode: String(mode ?? "") });
  }
  return triggers;
}

async function readRoutines(connection: PrivateConnection, database: string): Promise<readonly RawProgram[]> {
  const rows = await connection.query(
    sql`SELECT ROUTINE_NAME AS name, ROUTINE_TYPE AS type, SQL_MODE AS mode FROM information_schema.ROUTINES
      WHERE ROUTINE_SCHEMA = ${text(database)} AND ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION') ORDER BY ROUTINE_NAME`,
  );
  const routines: RawProgram[] = [];
  for (const { name, type, mode } of rows) {
    const procedure = type === "PROCEDURE";
    const at = identifier(String(name));
    const created = procedure
      ? await definitionFrom(connection, sql`SHOW CREATE PROCEDURE ${at}`, "Create Procedure")
      : await definitionFrom(connection, sql`SHOW CREATE FUNCTION ${at}`, "Create Function");
    routines.push({ kind: procedure ? "procedure" : "function", name: String(name), created, sqlMode: String(mode ?? "") });
  }
  return routines;
}

const SIMPLE_INTERVAL = /^(YEAR|QUARTER|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)$/;

/** From their own table: a server without accounts shows no event. Those that run again and again are told again, switched off. */
async function readEvents(
  connection: PrivateConnection,
  database: string,
): Promise<{ readonly programs: readonly RawProgram[]; readonly leftOut: readonly string[] }> {
  const rows = await connection
    .query(
      sql`SELECT name, CONVERT(body_utf8 USING utf8mb4) AS body, interval_value AS every, CAST(interval_field AS CHAR) AS unit, CAST(sql_mode AS CHAR) AS mode
        FROM mysql.event WHERE db = ${text(database)} ORDER BY name`,
    )
    .catch(() => []);
  const programs: RawProgram[] = [];
  const leftOut: string[] = [];
  for (const { name, body, every, unit, mode } of rows) {
    if (every === null || every === undefined || !SIMPLE_INTERVAL.test(String(unit))) {
      leftOut.push(String(name));
      continue;
    }
    const head = `CREATE EVENT ${identifier(String(name)).text} ON SCHEDULE EVERY ${String(Number(every))} ${String(unit)}`;
    const created = `${head} ON COMPLETION PRESERVE DISABLE DO ${String(body)}`;
    programs.push({ kind: "event", name: String(name), created, sqlMode: String(mode ?? "") });
  }
  return { programs, leftOut };
}

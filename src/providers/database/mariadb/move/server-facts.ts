import type { MovedDatabase, ServerFacts } from "../../../../plan/database-move/judge-move.ts";
import { type Sql, sql, text } from "../../../../kernel/sql.ts";
import { refusalNumber, type Row, type SqlClient } from "../sql-client.ts";

const UNKNOWN_COLUMN = 1054;

/** What a server says of itself, as far as a move asks. */
export async function serverFacts(client: SqlClient): Promise<Omit<ServerFacts, "freeBytes">> {
  const [found] = await client.query(
    sql`SELECT VERSION() AS version, @@log_bin AS log, @@binlog_format AS format, @@binlog_row_image AS image`,
  );
  const engines = (await client.query(sql`SHOW ENGINES`)).filter(({ Support }) => Support === "YES" || Support === "DEFAULT");
  const rights = rightsIn((await client.query(sql`SHOW GRANTS`)).map((row) => String(Object.values(row)[0])));
  const mayRead =
    rights.has("ALL PRIVILEGES") ||
    (rights.has("REPLICATION SLAVE") && ["BINLOG MONITOR", "REPLICATION CLIENT"].some((one) => rights.has(one)));
  return {
    version: String(found?.["version"]),
    engines: engines.map(({ Engine }) => String(Engine).toLowerCase()),
    collations: await collations(client),
    binlog: logOf(found, mayRead),
    mayReplay: rights.has("GRANT OPTION") && (rights.has("ALL PRIVILEGES") || rights.has("BINLOG REPLAY")),
  };
}

function logOf(found: Row | undefined, mayRead: boolean): ServerFacts["binlog"] {
  if (Number(found?.["log"]) !== 1) return "off";
  if (!mayRead) return "unreadable";
  return found?.["format"] === "ROW" && found["image"] === "FULL" ? "rows" : "other";
}

/** Rights on everything, from the lines of SHOW GRANTS. */
function rightsIn(grants: readonly string[]): ReadonlySet<string> {
  const global = grants.filter((line) => line.includes(" ON *.* TO "));
  const held = global.flatMap((line) => /^GRANT (.+?) ON \*\.\* TO /.exec(line)?.[1]?.split(", ") ?? []);
  return new Set([...held, ...(global.some((line) => line.endsWith(" WITH GRANT OPTION")) ? ["GRANT OPTION"] : [])]);
}

/** By all the names that tables of any version call them. */
async function collations(client: SqlClient): Promise<readonly string[]> {
  const short = sql`SELECT COLLATION_NAME AS n FROM information_schema.COLLATIONS`;
  // Since 10.10 some have a short name there and a full one elsewhere.
  const full = sql`SELECT FULL_COLLATION_NAME AS n FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY`;
  const rows = [...(await client.query(short)), ...(await unlessUnknown(client, full))];
  const known = rows.map((row) => String(row["n"]).toLowerCase());
  return [
    ...new Set([
      ...known,
      ...known.map((name) => name.replace(/^utf8mb3_/, "utf8_")),
      ...known.map((name) => name.replace(/^utf8_/, "utf8mb3_")),
    ]),
  ];
}

async function unlessUnknown(client: SqlClient, statement: Sql): Promise<readonly Row[]> {
  return await client.query(statement).catch((error: unknown) => {
    if (refusalNumber(error) === UNKNOWN_COLUMN) return [];
    throw error;
  });
}

/** What a database is made of. */
export async function describeDatabase(client: SqlClient, name: string): Promise<MovedDatabase> {
  const schema = text(name);
  const [sum] = await client.query(
    sql`SELECT COUNT(*) AS n, COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) AS bytes FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_TYPE <> 'VIEW'`,
  );
  const words = async (statement: Sql): Promise<readonly string[]> =>
    (await client.query(statement)).map((row) => String(row["n"])).toSorted();
  return {
    tables: Number(sum?.["n"]),
    bytes: Number(sum?.["bytes"]),
    engines: await words(
      sql`SELECT DISTINCT ENGINE AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_TYPE <> 'VIEW' AND ENGINE IS NOT NULL`,
    ),
    collations: await words(
      sql`SELECT TABLE_COLLATION AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_COLLATION IS NOT NULL UNION SELECT COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${schema} AND COLLATION_NAME IS NOT NULL`,
    ),
    versioned: await words(
      sql`SELECT TABLE_NAME AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_TYPE = 'SYSTEM VERSIONED'`,
    ),
  };
}

import { identifier, type Sql, sql } from "../../../kernel/sql.ts";
import type { EngineContext, Ports } from "../../ports.ts";
import { askServer } from "../ask-server.ts";
import type { CopiedTable } from "./server-backup.ts";

/** How a table stood at a moment. */
export interface TableState {
  readonly database: string;
  readonly name: string;
  /** Seconds of the server's clock; 0: not since it was opened. */
  readonly updated: number;
  /** Rows changed since the server counts. */
  readonly changes: number;
  /** Whether its rows outlive the server: those of ENGINE=MEMORY don't. */
  readonly lasts: boolean;
}

/** Tables that one statement asks after: its text is one argument of a program. */
const AT_ONCE = 200;

const LIST = sql`SELECT HEX(t.TABLE_SCHEMA), HEX(t.TABLE_NAME), COALESCE(UNIX_TIMESTAMP(t.UPDATE_TIME), 0), COALESCE(s.ROWS_CHANGED, 0), t.ENGINE FROM information_schema.TABLES t LEFT JOIN information_schema.TABLE_STATISTICS s ON s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND t.TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')`;

/** Every table of the sites of a server. Rows are counted from the first call on. */
export async function tableStates(
  server: string,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<{ readonly time: number; readonly tables: readonly TableState[] }> {
  const [[counts = "0", seconds = "0"] = []] = await askServer({ server }, sql`SELECT @@GLOBAL.userstat, UNIX_TIMESTAMP()`, ports, context);
  if (counts === "0") await askServer({ server }, sql`SET GLOBAL userstat = 1`, ports, context);
  const rows = await askServer({ server }, LIST, ports, context);
  const tables = rows.map(([database = "", name = "", updated, changes, engine]) => ({
    database: unhex(database),
    name: unhex(name),
    updated: Number(updated),
    changes: Number(changes),
    lasts: engine !== "MEMORY",
  }));
  return { time: Math.floor(Number(seconds)), tables };
}

/**
 * The content of tables that a backup is compared with, read after it was made: those that were there before, and of those which nobody has written to
 * since, a checksum. Others had a content at that moment that nobody can say.
 */
export async function contentsSince(
  before: Awaited<ReturnType<typeof tableStates>>,
  server: string,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<readonly CopiedTable[]> {
  const checksums = await checksumsOf(before.tables, server, ports, context);
  const after = new Map((await tableStates(server, ports, context)).tables.map((one) => [keyOf(one), one]));
  return before.tables.flatMap((table, at) => {
    const now = after.get(keyOf(table));
    const checksum = checksums[at] ?? null;
    if (now === undefined || checksum === null) return []; // dropped meanwhile, or the server itself can't read it
    const { database, name } = table;
    return [{ database, name, checksum: isUntouched(table, now, before.time) ? checksum : null }];
  });
}

/** Whether nobody has written to a table since a second. One that was opened anew meanwhile has lost its time, but not its count. */
export function isUntouched(before: TableState, now: TableState, since: number): boolean {
  return before.lasts && now.updated < since && now.changes === before.changes;
}

function keyOf({ database, name }: Pick<TableState, "database" | "name">): string {
  return `${database}\0${name}`;
}

async function checksumsOf(
  tables: readonly TableState[],
  server: string,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<readonly (string | null)[]> {
  const found: (string | null)[] = [];
  for (const statement of checksumStatements(tables)) {
    const rows = await askServer({ server }, statement, ports, context);
    found.push(...rows.map((row) => readChecksum(row.at(-1))));
  }
  return found;
}

/** Answers a line for each table, in their order; the last word of a line is the checksum, or NULL. */
export function checksumStatements(tables: readonly Pick<TableState, "database" | "name">[]): readonly Sql[] {
  const groups = Array.from({ length: Math.ceil(tables.length / AT_ONCE) }, (_, at) => tables.slice(at * AT_ONCE, (at + 1) * AT_ONCE));
  return groups.map((group) => {
    const [first, ...rest] = group.map(({ database, name }) => sql`${identifier(database)}.${identifier(name)}`);
    return rest.reduce((list, one) => sql`${list}, ${one}`, sql`CHECKSUM TABLE ${first ?? sql``}`);
  });
}

/** NULL is of a table that is not there, or can't be read. */
export function readChecksum(word: string | undefined): string | null {
  return word !== undefined && /^\d+$/.test(word) ? word : null;
}

function unhex(text: string): string {
  return Buffer.from(text, "hex").toString("utf8");
}

import { compileMaskPlan } from "../../src/anonymize/compile-mask-plan.ts";
import { maskKey } from "../../src/anonymize/masks/mask-key.ts";
import type { TablePlan } from "../../src/anonymize/plan.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { identifier, list, number, type Sql, Sql as Piece, sql } from "../../src/kernel/sql.ts";
import type { PrivateConnection, PrivateServer } from "../../src/providers/dataset/private-server.ts";
import type { Site } from "../../src/site/site.ts";
import { readSchema } from "../../src/workflows/dataset/read-schema.ts";

/** Rows a second of one table, masked in three ways by the same expressions. */
export interface MaskWays {
  readonly table: string;
  readonly rows: number;
  /** INSERT … SELECT into a new table, keys after. */
  readonly rebuild: number;
  /** One UPDATE of the table as it lies. */
  readonly inPlace: number;
  /** Each row read and updated by its key, as programs do it. */
  readonly rowByRow: number;
}

const ROW_BY_ROW = 3000;

/** Measures on a clone of a dataset: the work is the same whatever the values are. The tables are left as they were or worse. */
export async function maskWays(
  server: PrivateServer,
  site: Site,
  tables: readonly string[],
  say: (line: string) => void,
): Promise<readonly MaskWays[]> {
  const connection = await server.connect();
  await connection.query(sql`USE dataset`);
  const { dataset } = site;
  if (dataset === undefined) throw new TypeError("a site with rules");
  const schema = await readSchema(connection, "dataset");
  const plan = compileMaskPlan({ dataset, mounts: [] }, schema);
  const { statement, values } = maskKey(new Secret("a key of at least thirty-two characters", "bench")).session();
  await connection.prepared(statement, values);
  await connection.query(sql`SET SESSION unique_checks = 0`);
  const found: MaskWays[] = [];
  for (const name of tables) {
    const table = plan.tables.find((one) => one.name === name);
    if (table === undefined || table.columns.some(({ stream }) => stream !== undefined)) continue;
    const [count] = await connection.query(sql`SELECT COUNT(*) AS n FROM ${identifier(name)}`);
    const rows = Number(count?.["n"] ?? 0);
    const rebuild = rows / (await seconds(() => rebuilt(table, connection)));
    const rowByRow = ROW_BY_ROW / (await seconds(() => oneByOne(table, connection)));
    const inPlace = rows / (await seconds(() => updated(table, connection)));
    found.push({ table: name, rows, rebuild: Math.round(rebuild), inPlace: Math.round(inPlace), rowByRow: Math.round(rowByRow) });
    say(JSON.stringify(found.at(-1)));
  }
  await connection.close();
  return found;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

async function rebuilt({ name, columns }: TablePlan, connection: PrivateConnection): Promise<void> {
  const fresh = identifier(`${name}_fresh`);
  await connection.query(sql`CREATE TABLE ${fresh} LIKE ${identifier(name)}`);
  const keys = await connection.query(sql`SHOW INDEX FROM ${fresh}`);
  const secondary = [...new Set(keys.map(({ Key_name }) => String(Key_name)))].filter((key) => key !== "PRIMARY");
  const [created] = await connection.query(sql`SHOW CREATE TABLE ${identifier(name)}`);
  if (secondary.length > 0)
    await connection.query(sql`ALTER TABLE ${fresh} ${list(secondary.map((key) => sql`DROP KEY ${identifier(key)}`))}`);
  const into = list(columns.map((one) => identifier(one.name)));
  await connection.query(
    sql`INSERT INTO ${fresh} (${into}) SELECT ${list(columns.map(({ expression }) => expression))} FROM ${identifier(name)} AS r`,
  );
  const lines = String(created?.["Create Table"]).match(/^ {2}(?:UNIQUE )?KEY .*$/gm) ?? [];
  if (lines.length > 0)
    await connection.query(sql`ALTER TABLE ${fresh} ${new Piece(lines.map((line) => `ADD ${line.trim().replace(/,$/, "")}`).join(", "))}`);
  await connection.query(sql`DROP TABLE ${fresh}`);
}

function masked({ columns }: TablePlan): readonly { readonly name: string; readonly expression: Sql }[] {
  return columns.filter(({ strategy }) => strategy !== "keep");
}

async function updated(table: TablePlan, connection: PrivateConnection): Promise<void> {
  const set = list(masked(table).map(({ name, expression }) => sql`r.${identifier(name)} = ${expression}`));
  await connection.query(sql`UPDATE ${identifier(table.name)} AS r SET ${set}`);
}

/** The key is each table's first column here. */
async function oneByOne(table: TablePlan, connection: PrivateConnection): Promise<void> {
  const key = identifier(table.columns[0]?.name ?? "id");
  const columns = masked(table);
  const values = list(columns.map(({ expression }, index) => sql`${expression} AS ${identifier(`c${String(index)}`)}`));
  const ids = await connection.query(sql`SELECT ${key} AS id FROM ${identifier(table.name)} LIMIT ${number(ROW_BY_ROW)}`);
  const set = list(columns.map(({ name }) => sql`${identifier(name)} = ?`));
  for (const { id } of ids) {
    const [row] = await connection.query(sql`SELECT ${values} FROM ${identifier(table.name)} AS r WHERE ${key} = ${number(Number(id))}`);
    const cells = columns.map((_, index) => (row?.[`c${String(index)}`] === null ? null : Buffer.from(String(row?.[`c${String(index)}`]))));
    await connection.prepared(sql`UPDATE ${identifier(table.name)} SET ${set} WHERE ${key} = ?`, [...cells, Buffer.from(String(id))]);
  }
}

import { identifier, type Sql, sql, text } from "../../../kernel/sql.ts";
import type { PrivateConnection } from "../../../providers/dataset/private-server.ts";
import { DATASET_DATABASE } from "../generation.ts";
import type { RawProgram } from "./read-definitions.ts";
import { serverWords } from "./server-words.ts";

/** Who views and routines of a dataset run as: an account that nobody can log in with and that sees the dataset alone. In an environment it is its user's, by the socket. */
export const DEFINER: Sql = sql`'dataset'@'localhost'`;
const DEFINED_BY = /\bDEFINER=(?:`(?:[^`]|``)*`|'(?:[^'\\]|\\.)*'|[\w.$-]+)@(?:`(?:[^`]|``)*`|'(?:[^'\\]|\\.)*'|[\w.%$-]+)/;

/** The statement with the dataset's definer instead of production's. */
export function withOurDefiner({ kind, created }: RawProgram): string {
  if (kind === "event") return created.replace(/^CREATE /, `CREATE DEFINER=${DEFINER.text} `);
  return created.replace(DEFINED_BY, () => `DEFINER=${DEFINER.text}`);
}

/**
 * Makes views, routines, triggers and events anew in the dataset, once its rows are there: what a trigger would do to them was done in production. Views may
 * name one another, so they are tried until none can be made any more. Answers what could not be made: what names other databases, or tables that the rules drop.
 */
export async function makePrograms(programs: readonly RawProgram[], connection: PrivateConnection): Promise<readonly string[]> {
  await connection.query(sql`CREATE USER IF NOT EXISTS ${DEFINER} ACCOUNT LOCK`);
  await connection.query(sql`GRANT ALL PRIVILEGES ON ${identifier(DATASET_DATABASE)}.* TO ${DEFINER}`);
  await connection.query(sql`USE ${identifier(DATASET_DATABASE)}`);
  const order: readonly RawProgram["kind"][] = ["function", "procedure", "view", "trigger", "event"];
  let left = order.flatMap((kind) => programs.filter((one) => one.kind === kind));
  for (let before = Number.POSITIVE_INFINITY; left.length > 0 && left.length < before; ) {
    before = left.length;
    const failed: RawProgram[] = [];
    for (const one of left) if (!(await make(one, connection))) failed.push(one);
    left = failed;
  }
  return left.map(({ kind, name }) => `${kind} ${name}`);
}

async function make(program: RawProgram, connection: PrivateConnection): Promise<boolean> {
  await connection.query(sql`SET SESSION sql_mode = ${text(program.sqlMode)}`);
  return await connection.query(serverWords(withOurDefiner(program))).then(
    () => true,
    () => false,
  );
}

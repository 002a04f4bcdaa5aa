import type { Duplex } from "node:stream";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { Secret } from "../../../kernel/secret.ts";
import type { ServerReference } from "../database-server.ts";
import { Sql } from "../../../kernel/sql.ts";

/** A row of an answer. */
export type Row = Readonly<Record<string, string | number | null>>;

/** One connection. Statements go one by one; several in one text are refused by the protocol. */
export interface SqlClient {
  query(statement: Sql): Promise<readonly Row[]>;
}

/** Who logs in, and where to. */
export interface Login {
  readonly server: ServerReference;
  readonly user: string;
  readonly password: Secret;
  readonly database?: string;
  /** How long a statement may take; left out: a minute. */
  readonly statementMs?: number;
}

/** Another way to a server than a TCP connection to its address: through a cluster's API server. */
export type ConnectServer = (place: { readonly address: string; readonly port: number }) => Promise<Duplex>;

const CONNECT_MS = 5_000;
/** Statements of ours are short; ALTER USER waits behind a running ALTER TABLE of somebody at most that long. */
const STATEMENT_MS = 60_000;

/** Runs `work` with a connection that is closed whatever happens: an open one keeps the process alive (database.md section 9). */
export async function withSqlClient<T>(login: Login, work: (client: SqlClient) => Promise<T>, through?: ConnectServer): Promise<T> {
  const place = await login.server.locate();
  if (place === undefined) throw new HowdahError("database/unreachable", `The database server ${login.server.name} does not run`);
  const stream = await through?.(place);
  const connection = await connect(login, place, stream).catch((error: unknown) => {
    stream?.destroy();
    throw loginRefused(error, login.server.name) ?? named(error, login.server.name);
  });
  connection.on("error", () => {}); // it also reaches the query that waits
  const client: SqlClient = {
    async query(statement) {
      try {
        const [rows] = await connection.query({ sql: statement.text, timeout: login.statementMs ?? STATEMENT_MS });
        return Array.isArray(rows) ? (rows as Row[]) : [];
      } catch (error) {
        throw named(error, login.server.name);
      }
    },
  };
  try {
    await client.query(new Sql("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"));
    return await work(client);
  } finally {
    connection.destroy();
    // mysql2 only ends it, which a way through an API server has no word for.
    stream?.destroy();
  }
}

/** mysql2 is loaded only here: most commands never talk to a database. As its default export: the only one that a bundle gives of CommonJS. */
async function connect(login: Login, place: { readonly address: string; readonly port: number }, stream: Duplex | undefined) {
  const { default: mysql } = await import("mysql2/promise");
  return await mysql.createConnection({
    host: place.address,
    port: place.port,
    ...(stream === undefined ? {} : { stream }),
    user: login.user,
    password: login.password.reveal(),
    ...(login.database === undefined ? {} : { database: login.database }),
    charset: "utf8mb4",
    connectTimeout: CONNECT_MS,
    supportBigNumbers: true,
  });
}

/** The server's number of a refusal (1142: denied); undefined when it was not the server that refused. */
export function refusalNumber(error: unknown): number | undefined {
  if (!(error instanceof HowdahError)) return undefined;
  const found = /\(error (\d+)\)$/.exec(error.message);
  return found === null ? undefined : Number(found[1]);
}

/** ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR, ER_ACCOUNT_HAS_BEEN_LOCKED of MariaDB and MySQL. */
const LOGIN_REFUSED: ReadonlySet<number> = new Set([1045, 1698, 3118, 4151]);

/** Only of a login: a statement that needs a right to files is refused with the same number. */
function loginRefused(error: unknown, server: string): HowdahError | undefined {
  const { errno, sqlMessage } = error as { errno?: number; sqlMessage?: string };
  if (errno === undefined || sqlMessage === undefined || !LOGIN_REFUSED.has(errno)) return undefined;
  return new HowdahError("database/login-refused", `The database server ${server} refused the login: ${sqlMessage} (error ${errno})`);
}

/** mysql2's own error is not kept as a cause: it carries the statement. Refusals that only MariaDB knows have a number, and no code. */
function named(error: unknown, server: string): unknown {
  const { code, errno, sqlMessage, message } = error as { code?: string; errno?: number; sqlMessage?: string; message?: string };
  if (error instanceof HowdahError || (code === undefined && sqlMessage === undefined)) return error;
  if (sqlMessage === undefined) {
    return new HowdahError("database/unreachable", `The database server ${server} can't be reached: ${message ?? code}`);
  }
  return new HowdahError("database/failed", `The database server ${server} refused: ${sqlMessage} (error ${errno ?? code})`);
}

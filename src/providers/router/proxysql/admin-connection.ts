import type { Duplex } from "node:stream";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { Secret } from "../../../kernel/secret.ts";
import type { RouterPod } from "../database-router.ts";
import type { AdminSql } from "./admin-sql.ts";

/** Who administers ProxySQL: made at random for each server, never what it is delivered with. */
export interface ProxysqlAdmin {
  readonly user: string;
  readonly password: Secret;
}

/** A connection to one pod's admin. */
export interface AdminConnection {
  query(statement: AdminSql): Promise<readonly Readonly<Record<string, string | null>>[]>;
}

/** Another way to a pod than a connection to its address: through a cluster's API server. */
export type ConnectPod = (pod: RouterPod) => Promise<Duplex>;

const CONNECT_MS = 3_000;
const STATEMENT_MS = 10_000;

/** Runs `work` with a connection that is closed whatever happens. Errors: `database/unreachable`, `database/failed` with ProxySQL's own words. */
export async function withAdmin<T>(
  pod: RouterPod,
  admin: ProxysqlAdmin,
  work: (connection: AdminConnection) => Promise<T>,
  connect?: ConnectPod,
): Promise<T> {
  const { default: mysql } = await import("mysql2/promise");
  const stream = await connect?.(pod);
  const connection = await mysql
    .createConnection({
      ...{ host: pod.address, port: pod.port, user: admin.user, password: admin.password.reveal(), connectTimeout: CONNECT_MS },
      ...(stream === undefined ? {} : { stream }),
    })
    .catch((error: unknown) => {
      stream?.destroy();
      throw unreachable(pod, error);
    });
  connection.on("error", () => {}); // it also reaches the query that waits
  try {
    return await work({
      async query({ text }) {
        try {
          const [rows] = await connection.query({ sql: text, timeout: STATEMENT_MS });
          return Array.isArray(rows) ? (rows as Record<string, string | null>[]) : [];
        } catch (error) {
          throw unreachable(pod, error);
        }
      },
    });
  } finally {
    connection.destroy();
    stream?.destroy(); // mysql2 only ends it
  }
}

/** The driver's error is not kept as a cause: it carries the statement, and with it passwords. */
function unreachable(pod: RouterPod, error: unknown): HowdahError {
  const { sqlMessage, message, code } = error as { readonly sqlMessage?: string; readonly message?: string; readonly code?: string };
  if (sqlMessage !== undefined && code !== "ER_ACCESS_DENIED_ERROR")
    return new HowdahError("database/failed", `ProxySQL in ${pod.name} refused: ${sqlMessage}`);
  return new HowdahError("database/unreachable", `ProxySQL in ${pod.name} can't be reached: ${message ?? code ?? ""}`);
}

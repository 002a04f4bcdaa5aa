import type { DatabaseUse } from "../database-server.ts";
import { sql } from "../../../kernel/sql.ts";
import type { SqlClient } from "./sql-client.ts";

/** MariaDB's own counters by user. They are off in a server that nobody asked yet, and are turned on: from then on they count until it restarts. */
export async function userStatistics(client: SqlClient): Promise<readonly DatabaseUse[]> {
  const [state] = await client.query(sql`SELECT @@GLOBAL.userstat AS counts`);
  if (Number(state?.["counts"]) === 0) await client.query(sql`SET GLOBAL userstat = 1`);
  const open = await client.query(sql`SELECT USER AS user, COUNT(*) AS n FROM information_schema.PROCESSLIST GROUP BY USER`);
  const rows = await client.query(
    sql`SELECT USER AS user, TOTAL_CONNECTIONS AS connections, SELECT_COMMANDS + UPDATE_COMMANDS + OTHER_COMMANDS AS queries, CPU_TIME AS cpu, ROWS_READ AS rows_read, ROWS_INSERTED + ROWS_UPDATED + ROWS_DELETED AS rows_written FROM information_schema.USER_STATISTICS`,
  );
  const connections = new Map(open.map((row) => [String(row["user"]), Number(row["n"])]));
  const users = new Set([...connections.keys(), ...rows.map((row) => String(row["user"]))]);
  return [...users].sort().map((user) => {
    const row = rows.find((one) => one["user"] === user);
    return {
      ...{ user, connections: connections.get(user) ?? 0, connectionsSince: Number(row?.["connections"] ?? 0) },
      ...{ queries: Number(row?.["queries"] ?? 0), cpuSeconds: Number(row?.["cpu"] ?? 0) },
      ...{ rowsRead: Number(row?.["rows_read"] ?? 0), rowsWritten: Number(row?.["rows_written"] ?? 0) },
    };
  });
}

import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { AdminConnection } from "./admin-connection.ts";
import { adminNumber, adminSql } from "./admin-sql.ts";

/**
 * Ends the sessions of clients that are of none of these users: a user that is made inactive, or taken away, keeps what it has open, and ending it at the
 * server is not seen by a session that uses no connection there at the moment.
 */
export async function cutSessions(connection: AdminConnection, users: ReadonlySet<string>): Promise<void> {
  const sessions = await connection.query(adminSql`SELECT SessionID AS id, user AS name FROM stats_mysql_processlist`);
  for (const { id, name } of sessions) {
    // Who is logging in at this moment has no name yet.
    if (name === null || name === "" || users.has(String(name))) continue;
    await connection.query(adminSql`KILL CONNECTION ${adminNumber(Number(id))}`).catch((error: unknown) => {
      if (error instanceof HowdahError && error.message.includes("Unknown thread id")) return; // it ended by itself
      throw error;
    });
  }
}

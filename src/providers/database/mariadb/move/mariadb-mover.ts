import { HowdahError } from "../../../../kernel/howdah-error.ts";
import { Secret } from "../../../../kernel/secret.ts";
import { generateValue } from "../../../secrets/generate-value.ts";
import type { DatabaseMover } from "../../database-mover.ts";
import { type AdminClient, PASSWORD } from "../admin-client.ts";
import { identifiedBy } from "../native-password.ts";
import { account, grantPattern, sql } from "../../../../kernel/sql.ts";
import type { SqlClient } from "../sql-client.ts";
import { endSessions } from "../suspend-user.ts";
import { databaseContent } from "./database-content.ts";
import { describeDatabase, serverFacts } from "./server-facts.ts";

/** Reading every row of a large table takes its time. */
const READ_MS = 6 * 60 * 60 * 1000;

/** No database's user is called like that: their names have no `~`. */
function replayUser(database: string): string {
  return `${database}~move`;
}

/** Moves of databases between MariaDB servers. */
export function mariadbMover(admin: AdminClient): DatabaseMover {
  return {
    serverFacts: (server) => admin.run(server, serverFacts),
    describe: ({ server, name }) => admin.run(server, (client) => describeDatabase(client, name)),
    position: (server) => admin.run(server, logPosition),
    logFiles: (server) =>
      admin.run(server, async (client) =>
        (await client.query(sql`SHOW BINARY LOGS`)).map((row) => ({ file: String(row["Log_name"]), bytes: Number(row["File_size"]) })),
      ),
    content: ({ server, name }, options) => admin.run(server, (client) => databaseContent(client, name, options), READ_MS),
    async openReplay({ server, name }) {
      const user = replayUser(name);
      const password = new Secret(generateValue(PASSWORD), user);
      await admin.run(server, async (client) => {
        await client.query(sql`DROP USER IF EXISTS ${account(user)}`);
        await client.query(sql`CREATE USER ${account(user)} ${identifiedBy(password)}`);
        await client.query(sql`GRANT ALL PRIVILEGES ON ${grantPattern(name)}.* TO ${account(user)}`);
        await client.query(sql`GRANT BINLOG REPLAY ON *.* TO ${account(user)}`);
      });
      return { user, password };
    },
    closeReplay: ({ server, name }) =>
      admin.run(server, async (client) => {
        await client.query(sql`DROP USER IF EXISTS ${account(replayUser(name))}`);
        await endSessions(client, replayUser(name));
      }),
  };
}

async function logPosition(client: SqlClient): Promise<{ readonly file: string; readonly position: number }> {
  const [found] = await client.query(sql`SHOW MASTER STATUS`);
  if (found === undefined) throw new HowdahError("database/failed", "The server keeps no log of what changes");
  return { file: String(found["File"]), position: Number(found["Position"]) };
}

import type { Clock } from "../../kernel/clock.ts";
import type { LoadConnection, ScratchDatabase } from "../../providers/database/load-connection.ts";
import { sql, text } from "../../kernel/sql.ts";
import type { WriteJournal } from "./write-journal.ts";

/** How many clients write: `persistent` ones keep their connection until it breaks, `short` ones take one for each turn, as PHP does. */
export interface LoadClients {
  readonly persistent: number;
  readonly short: number;
}

/** A load that runs. */
export interface WriteLoad {
  /** Lets every client end its turn, and waits for it. */
  stop(): Promise<void>;
}

/** After an error: a person's page load would come again, and a loop without a pause would count thousands. */
const AFTER_ERROR_MS = 50;

/** The tables of a load: what was written under a number, and a counter for each client, which shows writes that were applied twice. */
export async function prepareTables(scratch: ScratchDatabase, { persistent, short }: LoadClients): Promise<void> {
  const connection = await scratch.connect();
  try {
    await connection.query(sql`CREATE TABLE written (client INT NOT NULL, n INT NOT NULL, PRIMARY KEY (client, n)) ENGINE=InnoDB`);
    await connection.query(sql`CREATE TABLE counted (client INT NOT NULL PRIMARY KEY, n BIGINT NOT NULL) ENGINE=InnoDB`);
    for (let client = 0; client < persistent + short; client += 1)
      await connection.query(sql`INSERT INTO counted VALUES (${text(String(client))}, 0)`);
  } finally {
    connection.close();
  }
}

/** Starts all clients. Each writes a row and then counts, on its own; nothing is ever sent twice. */
export function startWrites(scratch: ScratchDatabase, clients: LoadClients, journal: WriteJournal, clock: Clock): WriteLoad {
  const over = new AbortController();
  const numbers = Array.from({ length: clients.persistent + clients.short }, (_, client) => client);
  const loops = numbers.map(async (client) => {
    const keeps = client < clients.persistent;
    let connection: LoadConnection | undefined;
    for (let n = 1; !over.signal.aborted; n += 1) {
      try {
        connection ??= await scratch.connect();
        await turn(connection, client, n, journal);
      } catch (error) {
        journal.failed(error);
        connection?.close();
        connection = undefined;
        await clock.sleep(AFTER_ERROR_MS);
      }
      if (!keeps) {
        connection?.close();
        connection = undefined;
      }
    }
    connection?.close();
  });
  return {
    async stop() {
      over.abort();
      await Promise.all(loops);
    },
  };
}

async function turn(connection: LoadConnection, client: number, n: number, journal: WriteJournal): Promise<void> {
  const who = text(String(client));
  journal.sent(client, "row");
  await connection.query(sql`INSERT INTO written VALUES (${who}, ${text(String(n))})`);
  journal.row(client, n);
  journal.sent(client, "count");
  await connection.query(sql`UPDATE counted SET n = n + 1 WHERE client = ${who}`);
  journal.count(client);
}

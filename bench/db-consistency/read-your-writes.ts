import { loadavg } from "node:os";
import mysql from "mysql2/promise";
import { GaleraDrill } from "../../test/support/galera-drill.ts";

const CLIENTS = 8;
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Reads after an acknowledged write that did not see it (C5). */
interface ReadYourWrites {
  readonly reads: number;
  readonly stale: number;
  readonly kills: number;
  /** Turns that met an error, mostly while nobody was the writer. */
  readonly failed: number;
  readonly load: number;
}

/** Clients that write, and read it back on another connection through the router, until `count` reads; meanwhile the writer is killed `kills` times. */
export async function readYourWrites(count: number, kills: number, say: (line: string) => void): Promise<ReadYourWrites> {
  const rig = new GaleraDrill();
  const seen = { reads: 0, stale: 0, failed: 0 };
  const over = new AbortController();
  let work: Promise<unknown> = Promise.resolve();
  try {
    await rig.start();
    const writer = await rig.writer();
    await rig.galera.query(writer, "CREATE DATABASE bench");
    await rig.galera.query(writer, "CREATE TABLE bench.said (client INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB");
    await rig.galera.query(writer, `INSERT INTO bench.said SELECT seq - 1, 0 FROM bench.seq_1_to_${String(CLIENTS)}`);
    work = Promise.all(Array.from({ length: CLIENTS }, async (_, client) => await turns(rig, client, seen, over.signal)));
    for (let kill = 1; kill <= kills; kill += 1) {
      while (seen.reads < (count / (kills + 1)) * kill) await sleep(50);
      await rig.place.strike("kill");
      say(`kill ${String(kill)}: ${JSON.stringify(seen)}`);
      await rig.place.whole(over.signal);
    }
    while (seen.reads < count) await sleep(50);
    over.abort();
    await work;
    return { ...seen, kills, load: loadavg()[0] ?? 0 };
  } finally {
    over.abort();
    await work;
    await rig.remove();
  }
}

async function turns(
  rig: GaleraDrill,
  client: number,
  seen: { reads: number; stale: number; failed: number },
  over: AbortSignal,
): Promise<void> {
  for (let n = 1, acknowledged = 0; !over.aborted; n += 1) {
    try {
      await ask(rig, "UPDATE bench.said SET n = ? WHERE client = ?", [n, client]);
      acknowledged = n;
      const [row] = await ask(rig, "SELECT n FROM bench.said WHERE client = ?", [client]);
      seen.reads += 1;
      if (Number(row?.["n"]) < acknowledged) seen.stale += 1;
    } catch {
      seen.failed += 1;
      await sleep(50);
    }
  }
}

/** On a connection of its own, as PHP has it. */
async function ask(rig: GaleraDrill, statement: string, values: readonly number[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const login = { user: "admin", password: rig.galera.password, connectTimeout: 3000 };
  const connection = await mysql.createConnection({ host: "127.0.0.1", port: rig.port, ...login });
  connection.on("error", () => undefined);
  try {
    const [rows] = await connection.query({ sql: statement, timeout: 20_000 }, [...values]);
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
  } finally {
    connection.destroy();
  }
}

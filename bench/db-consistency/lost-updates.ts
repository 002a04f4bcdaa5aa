import { loadavg } from "node:os";
import mysql from "mysql2/promise";
import { GaleraDrill } from "../../test/support/galera-drill.ts";

const CLIENTS = 32;
const ROWS = 8;
/** A deadlock, a wait for a lock that was too long, a row that changed since it was read: rolled back, to be done again. */
const AGAIN: ReadonlySet<unknown> = new Set([1213, 1205, 1020]);

/** Ways in which applications add one to a number in a transaction. */
const WAYS = {
  /** `SELECT … FOR UPDATE`, then the sum. */
  locked: { read: "SELECT n FROM bench.counters WHERE id = ? FOR UPDATE", isolation: undefined },
  /** A plain SELECT, then the sum: what InnoDB itself does not protect. */
  plain: { read: "SELECT n FROM bench.counters WHERE id = ?", isolation: "OFF" },
  /** The same with what MariaDB 11.8 has by default. */
  snapshot: { read: "SELECT n FROM bench.counters WHERE id = ?", isolation: "ON" },
} as const;

/** Increments that were acknowledged and are not there (C4). */
interface LostUpdates {
  readonly way: keyof typeof WAYS;
  readonly acknowledged: number;
  readonly lost: number;
  /** Transactions that were refused and done again. */
  readonly again: number;
  readonly seconds: number;
  readonly load: number;
}

/** 32 clients that each add one `count` times, in transactions through the router, to eight numbers that they share. */
export async function lostUpdates(count: number, say: (line: string) => void): Promise<readonly LostUpdates[]> {
  const rig = new GaleraDrill();
  try {
    await rig.start();
    const found: LostUpdates[] = [];
    for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
      found.push(await once(rig, way, count));
      say(JSON.stringify(found.at(-1)));
    }
    return found;
  } finally {
    await rig.remove();
  }
}

async function once(rig: GaleraDrill, way: keyof typeof WAYS, count: number): Promise<LostUpdates> {
  const writer = await rig.writer();
  await rig.galera.query(writer, "CREATE DATABASE IF NOT EXISTS bench");
  await rig.galera.query(writer, "CREATE OR REPLACE TABLE bench.counters (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB");
  await rig.galera.query(writer, `INSERT INTO bench.counters SELECT seq, 0 FROM bench.seq_1_to_${String(ROWS)}`);
  const began = Date.now();
  const clients = await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => await adds(rig, way, client, count)));
  const seconds = (Date.now() - began) / 1000;
  const [row] = await rig.galera.query(writer, "SELECT SUM(n) AS n FROM bench.counters");
  const acknowledged = CLIENTS * count;
  const again = clients.reduce((sum, one) => sum + one, 0);
  return { way, acknowledged, lost: acknowledged - Number(row?.["n"]), again, seconds, load: loadavg()[0] ?? 0 };
}

/** Answers how often it had to do one again. */
async function adds(rig: GaleraDrill, way: keyof typeof WAYS, client: number, count: number): Promise<number> {
  const { read, isolation } = WAYS[way];
  const connection = await mysql.createConnection({ host: "127.0.0.1", port: rig.port, user: "admin", password: rig.galera.password });
  let again = 0;
  try {
    if (isolation !== undefined) await connection.query(`SET SESSION innodb_snapshot_isolation = ${isolation}`);
    for (let done = 0; done < count; ) {
      const id = ((client + done + again) % ROWS) + 1;
      try {
        await connection.query("BEGIN");
        const [rows] = await connection.query(read, [id]);
        const n = Number((rows as { n: number }[])[0]?.n);
        await connection.query("UPDATE bench.counters SET n = ? WHERE id = ?", [n + 1, id]);
        await connection.query("COMMIT");
        done += 1;
      } catch (error) {
        if (!AGAIN.has((error as { errno?: unknown }).errno)) throw error;
        await connection.query("ROLLBACK");
        again += 1;
      }
    }
    return again;
  } finally {
    connection.destroy();
  }
}

import { randomBytes } from "node:crypto";
import type mysql from "mysql2/promise";
import type { GaleraCluster } from "./galera-cluster.ts";

/** Writes rows into `shop.orders` on some nodes until it is stopped, one connection each, and remembers what was acknowledged. */
export class GaleraWriters {
  readonly #cluster: GaleraCluster;
  readonly #rows: string[] = [];
  readonly #work: readonly Promise<void>[];
  #stopped = false;
  errors = 0;

  constructor(cluster: GaleraCluster, nodes: readonly string[]) {
    this.#cluster = cluster;
    this.#work = nodes.map((node) => this.#write(node));
  }

  get acknowledged(): number {
    return this.#rows.length;
  }

  async #write(node: string): Promise<void> {
    let connection: mysql.Connection | undefined;
    while (!this.#stopped) {
      try {
        connection ??= await this.#cluster.connect(node, "shop");
        const id = randomBytes(16).toString("hex");
        await connection.query({ sql: "INSERT INTO orders VALUES (?, ?)", timeout: 5000 }, [id, node]);
        this.#rows.push(id);
      } catch {
        this.errors += 1;
        connection?.destroy();
        connection = undefined;
        await new Promise((wake) => setTimeout(wake, 100));
      }
    }
    connection?.destroy();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#work);
  }

  /** Acknowledged rows that a node does not have. */
  async missingOn(node: string): Promise<readonly string[]> {
    const connection = await this.#cluster.connect(node, "shop");
    try {
      await connection.query("SET SESSION wsrep_sync_wait = 1");
      // A node that lags waits for what it lacks, and says so as a lock when that takes long.
      const read = () => connection.query("SELECT id FROM orders");
      const [rows] = await read().catch(read).catch(read);
      const there = new Set((rows as { id: string }[]).map(({ id }) => id));
      return this.#rows.filter((id) => !there.has(id));
    } finally {
      connection.destroy();
    }
  }
}

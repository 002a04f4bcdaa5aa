import mysql from "mysql2/promise";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { HAPROXY_PATHS, renderHaproxy } from "../../src/render/router/haproxy/render-haproxy.ts";
import { NODE_CHECK } from "../../src/render/router/node-check.ts";
import { GaleraCluster, galeraImage } from "../../test/support/galera-cluster.ts";
import { HaproxyProcess } from "../../test/support/haproxy-process.ts";

const HAPROXY_PORT = 21_700;
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Three nodes in containers of the real image behind the real HAProxy, healed as the operator heals, with a table of numbers that were written. */
export class RoutedGalera {
  readonly #haproxy = new HaproxyProcess();
  readonly cluster: GaleraCluster;

  private constructor(cluster: GaleraCluster) {
    this.cluster = cluster;
  }

  /** Starts it; `more` are arguments of podman for each node. */
  static async start(more: readonly string[] = []): Promise<RoutedGalera> {
    const image = await galeraImage("10.11");
    if (image === undefined) throw new HowdahError("usage/invalid", "This needs root and podman");
    const rig = new RoutedGalera(new GaleraCluster(image, more));
    try {
      await rig.#begin();
      return rig;
    } catch (error) {
      await rig.remove();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    const { cluster } = this;
    await cluster.prepare();
    for (const name of cluster.names) await cluster.start(name);
    cluster.heal();
    await this.healthy();
    await cluster.query("g-0", "CREATE DATABASE bench");
    await cluster.query("g-0", "CREATE TABLE bench.written (id BIGINT PRIMARY KEY) ENGINE=InnoDB");
    const health = { address: "127.0.0.1", port: HAPROXY_PORT + 1 };
    const nodes = cluster.names.map((name) => ({ name, host: cluster.address(name), port: 3306, checkPort: NODE_CHECK.port }));
    const listen = { address: "127.0.0.1", port: HAPROXY_PORT };
    const text = renderHaproxy({ nodes, listen, health, maxConnections: 100, resolve: false });
    await this.#haproxy.start(text, `http://127.0.0.1:${String(health.port)}${HAPROXY_PATHS.alive}`);
  }

  /** All nodes are there again. Answers when they were seen to be. */
  async healthy(): Promise<number> {
    for (let left = 600; left > 0; left -= 1) {
      await sleep(500);
      if (this.cluster.last?.decision.state === "Healthy") return Date.now();
    }
    throw new HowdahError("drill/not-back", "the nodes were not all back within five minutes");
  }

  /** The node that says that it is the writer. */
  async writer(): Promise<string> {
    const { cluster } = this;
    for (let left = 120; left > 0; left -= 1) {
      for (const name of cluster.names) if ((await cluster.check(name, NODE_CHECK.writer).catch(() => 0)) === 200) return name;
      await sleep(500);
    }
    throw new HowdahError("drill/not-back", "no node was the writer for a minute");
  }

  /** As a site has it: through HAProxy. */
  async connect(): Promise<mysql.Connection> {
    const connection = await mysql.createConnection({ ...this.cluster.login, host: "127.0.0.1", port: HAPROXY_PORT, connectTimeout: 3000 });
    connection.on("error", () => undefined);
    return connection;
  }

  /** Numbers that were acknowledged and that a node does not have, after it applied all that the cluster has acknowledged. */
  async missing(rows: readonly number[], name = "g-0"): Promise<number> {
    const connection = await this.cluster.connect(name);
    try {
      await connection.query("SET SESSION wsrep_sync_wait = 1");
      const [found] = await connection.query("SELECT id FROM bench.written");
      const there = new Set((found as { id: number }[]).map(({ id }) => id));
      return rows.filter((id) => !there.has(id)).length;
    } finally {
      connection.destroy();
    }
  }

  async remove(): Promise<void> {
    await this.#haproxy.stop();
    await this.cluster.remove();
  }
}

import { loadavg } from "node:os";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { systemClock } from "../../src/providers/system-clock.ts";
import { HAPROXY_PATHS, renderHaproxy } from "../../src/render/router/haproxy/render-haproxy.ts";
import { NODE_CHECK } from "../../src/render/router/node-check.ts";
import { SuccessJournal } from "../../src/workflows/drill/success-journal.ts";
import { GaleraCluster, galeraImage } from "../../test/support/galera-cluster.ts";
import { HaproxyProcess } from "../../test/support/haproxy-process.ts";
import mysql from "mysql2/promise";

const HAPROXY_PORT = 21_700;
const CLIENTS = 4;
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** What killing the server of the node that writes cost, in containers of the real image whose entrypoint starts it again at once. */
interface DatabaseRejoin {
  readonly kills: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly silencesMs: readonly number[];
  /** Of so many kills the same node was the writer afterwards. */
  readonly sameWriter: number;
  readonly load: number;
}

/** Kills the writer's server `count` times under load; its container starts it again by itself. `HOWDAH_TEST_ENTRYPOINT` tries other programs. */
export async function databaseRejoin(count: number, say: (line: string) => void): Promise<DatabaseRejoin> {
  const image = await galeraImage("10.11");
  if (image === undefined) throw new HowdahError("usage/invalid", "This needs root and podman");
  const cluster = new GaleraCluster(image);
  const haproxy = new HaproxyProcess();
  const journal = new SuccessJournal(systemClock);
  const rows: number[] = [];
  const over = new AbortController();
  let work: Promise<unknown> = Promise.resolve();
  try {
    await begin(cluster, haproxy);
    work = Promise.all(Array.from({ length: CLIENTS }, async (_, client) => await write(client)));
    const silencesMs: number[] = [];
    let sameWriter = 0;
    for (let kill = 0; kill < count; kill += 1) {
      await sleep(5_000);
      const hit = await writer(cluster);
      const began = Date.now();
      await cluster.signal(hit, "KILL");
      await sleep(1_000);
      await healthy(cluster);
      await sleep(8_000);
      silencesMs.push(journal.longestGap(began, Date.now()));
      if ((await writer(cluster)) === hit) sameWriter += 1;
      say(`${hit}: ${String(silencesMs.at(-1))} ms`);
    }
    over.abort();
    await work;
    const lost = await missing(cluster, rows);
    return { kills: count, acknowledged: rows.length, lost, silencesMs, sameWriter, load: loadavg()[0] ?? 0 };
  } finally {
    over.abort();
    await work;
    await haproxy.stop();
    await cluster.remove();
  }

  async function write(client: number): Promise<void> {
    let connection: mysql.Connection | undefined;
    for (let id = client; !over.signal.aborted; id += CLIENTS) {
      try {
        connection ??= await connect(cluster);
        await connection.query({ sql: "INSERT INTO bench.written VALUES (?)", timeout: 20_000 }, [id]);
        rows.push(id);
        journal.succeeded();
      } catch (error) {
        journal.failed(error);
        connection?.destroy();
        connection = undefined;
        await sleep(50);
      }
    }
    connection?.destroy();
  }
}

/** Read from any node, after everything is applied there that the cluster has acknowledged. */
async function missing(cluster: GaleraCluster, rows: readonly number[]): Promise<number> {
  const connection = await cluster.connect("g-0");
  try {
    await connection.query("SET SESSION wsrep_sync_wait = 1");
    const [found] = await connection.query("SELECT id FROM bench.written");
    const there = new Set((found as { id: number }[]).map(({ id }) => id));
    return rows.filter((id) => !there.has(id)).length;
  } finally {
    connection.destroy();
  }
}

async function connect({ login }: GaleraCluster): Promise<mysql.Connection> {
  const connection = await mysql.createConnection({ ...login, host: "127.0.0.1", port: HAPROXY_PORT, connectTimeout: 3000 });
  connection.on("error", () => undefined);
  return connection;
}

async function begin(cluster: GaleraCluster, haproxy: HaproxyProcess): Promise<void> {
  await cluster.prepare();
  for (const name of cluster.names) await cluster.start(name);
  cluster.heal();
  await healthy(cluster);
  await cluster.query("g-0", "CREATE DATABASE bench");
  await cluster.query("g-0", "CREATE TABLE bench.written (id BIGINT PRIMARY KEY) ENGINE=InnoDB");
  const health = { address: "127.0.0.1", port: HAPROXY_PORT + 1 };
  const nodes = cluster.names.map((name) => ({ name, host: cluster.address(name), port: 3306, checkPort: NODE_CHECK.port }));
  const listen = { address: "127.0.0.1", port: HAPROXY_PORT };
  const text = renderHaproxy({ nodes, listen, health, maxConnections: 100, resolve: false });
  await haproxy.start(text, `http://127.0.0.1:${String(health.port)}${HAPROXY_PATHS.alive}`);
}

async function healthy(cluster: GaleraCluster): Promise<void> {
  for (let left = 600; left > 0; left -= 1) {
    await sleep(500);
    if (cluster.last?.decision.state === "Healthy") return;
  }
  throw new HowdahError("drill/not-back", "the nodes were not all back within five minutes");
}

async function writer(cluster: GaleraCluster): Promise<string> {
  for (let left = 120; left > 0; left -= 1) {
    for (const name of cluster.names) if ((await cluster.check(name, NODE_CHECK.writer).catch(() => 0)) === 200) return name;
    await sleep(500);
  }
  throw new HowdahError("drill/not-back", "no node was the writer for a minute");
}

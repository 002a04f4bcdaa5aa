import type { Server } from "node:http";
import mysql from "mysql2/promise";
import { Secret } from "../../src/kernel/secret.ts";
import { scratchDatabase } from "../../src/providers/database/mariadb/scratch-database.ts";
import { withSqlClient } from "../../src/providers/database/mariadb/sql-client.ts";
import { HAPROXY_PATHS, renderHaproxy } from "../../src/render/router/haproxy/render-haproxy.ts";
import {
  judgeWriter,
  LEAVE_WRITER,
  NODE_CHECK,
  READ_WRITER,
  readWriterRow,
  signWriter,
  takeWriter,
  WRITER_TABLE,
} from "../../src/render/router/node-check.ts";
import type { DrillPlace } from "../../src/workflows/drill/drill-place.ts";
import { GaleraLoopback, LOOPBACK_NODES } from "./galera-loopback.ts";
import { HaproxyProcess } from "./haproxy-process.ts";
import { nodeCheckServer } from "./node-check-server.ts";

const CHECK_MS = 350;
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Three Galera nodes with their checks behind the real HAProxy, all on loopback, as a place for drills. */
export class GaleraDrill {
  readonly galera = new GaleraLoopback();
  readonly #haproxy = new HaproxyProcess();
  readonly #checks: Server[] = [];
  /** What came after the last fault, until everything is there again. */
  #mend: () => Promise<void> = () => Promise.resolve();

  get port(): number {
    return this.galera.port + 10;
  }

  /** As a site has it: the router's address. */
  readonly reference = { name: "galera", locate: () => Promise.resolve({ address: "127.0.0.1", port: this.port }) };

  async start(): Promise<void> {
    await this.galera.start();
    for (const statement of WRITER_TABLE) await this.galera.query("n1", statement);
    const checkPort = this.galera.port + 5;
    for (const node of LOOPBACK_NODES)
      this.#checks.push(await nodeCheckServer(this.galera.address(node), checkPort, async (path) => await this.#answer(node, path)));
    const health = { address: "127.0.0.1", port: this.port + 1 };
    const nodes = LOOPBACK_NODES.map((name) => ({ name, host: this.galera.address(name), port: this.galera.port, checkPort }));
    const text = renderHaproxy({ nodes, listen: { address: "127.0.0.1", port: this.port }, health, maxConnections: 300, resolve: false });
    await this.#haproxy.start(text, `http://127.0.0.1:${health.port}${HAPROXY_PATHS.alive}`);
    await until(async () => (await fetch(`http://127.0.0.1:${health.port}${HAPROXY_PATHS.writerKnown}`)).ok);
  }

  /** The node's check, as src/render/router/node-check.ts says it. */
  async #answer(node: string, path: string): Promise<number> {
    const connection = await mysql.createConnection({
      ...{
        host: this.galera.address(node),
        port: this.galera.port,
        user: "admin",
        password: this.galera.password,
        connectTimeout: CHECK_MS,
      },
    });
    connection.on("error", () => undefined);
    const ask = async (sql: string): Promise<Record<string, unknown>[]> => {
      const [rows] = await connection.query({ sql, timeout: CHECK_MS });
      return rows as Record<string, unknown>[];
    };
    try {
      const state = new Map(
        (await ask("SHOW GLOBAL STATUS LIKE 'wsrep_%'")).map((row) => [String(row["Variable_name"]), String(row["Value"])]),
      );
      const member = state.get("wsrep_ready") === "ON" && state.get("wsrep_cluster_status") === "Primary";
      const serves = member && ["2", "4"].includes(state.get("wsrep_local_state") ?? "");
      if (!serves) return 503;
      const read = async () => readWriterRow((await ask(READ_WRITER))[0], serves);
      const { facts, epoch } = await read();
      if (path === NODE_CHECK.ready) return facts.desync ? 503 : 200;
      const { status, act } = judgeWriter(facts);
      if (act === "leave") await ask(LEAVE_WRITER);
      if (act === "sign") await ask(signWriter(epoch));
      if (act !== "take") return status;
      await ask(takeWriter(epoch));
      return judgeWriter((await read()).facts).status;
    } finally {
      connection.destroy();
    }
  }

  /** Who writes, by a node that answers. */
  async writer(): Promise<string> {
    for (const node of LOOPBACK_NODES) {
      const [row] = await this.galera.query(node, READ_WRITER).catch(() => []);
      if (row !== undefined && Number(row["present"]) === 1) return String(row["writer"]);
    }
    return "";
  }

  /** A scratch database through the router. */
  readonly scratch = async () => {
    const login = { user: "admin", password: new Secret(this.galera.password, "test") };
    return await scratchDatabase(this.reference, {
      password: () => Promise.resolve(login.password),
      run: async (server, work) => await withSqlClient({ server, ...login }, work),
    });
  };

  /** The writer is what is hit, whoever it is. A move is what an upgrade does: desync, wait, stop, start. */
  readonly place: DrillPlace = {
    name: "Galera behind HAProxy",
    faults: ["kill", "freeze", "move"],
    strike: async (fault) => {
      const hit = await this.writer();
      if (fault === "freeze") return this.#freeze(hit);
      if (fault === "kill") this.galera.signal(hit, "SIGKILL");
      else await this.#moveAway(hit);
      this.#mend = async () => await this.galera.rejoin(hit);
      return { hit };
    },
    whole: async () => {
      await this.#mend();
    },
  };

  #freeze(hit: string) {
    this.galera.signal(hit, "SIGSTOP");
    this.#mend = async () => await this.galera.synced(hit);
    return { hit, undo: () => Promise.resolve(this.galera.signal(hit, "SIGCONT")) };
  }

  async #moveAway(hit: string): Promise<void> {
    await this.galera.query(hit, "SET GLOBAL wsrep_desync=ON");
    await until(async () => ![hit, "", `-${hit}`].includes(await this.writer()));
    await sleep(2000);
    await this.galera.stop(hit);
  }

  async remove(): Promise<void> {
    await this.#haproxy.stop();
    for (const check of this.#checks) check.close();
    await this.galera.remove();
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let left = 1200; left > 0; left -= 1) {
    if (await holds().catch(() => false)) return;
    await sleep(100);
  }
  throw new Error("what was waited for did not come within two minutes");
}

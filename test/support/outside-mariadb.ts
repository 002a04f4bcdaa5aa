import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { run } from "../../src/providers/process.ts";

/** A MariaDB of Debian's package on an address of its own. */
export interface OutsideServer {
  readonly address: string;
  /** As its root. */
  query(statement: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  start(): Promise<void>;
  kill(): Promise<void>;
}

/** Another machine: a network namespace with servers that Howdah did not make. */
export interface OutsideMachine {
  readonly servers: readonly OutsideServer[];
  readonly administrator: { readonly user: string; readonly password: string };
  /** Stops the servers by their process ids and takes the namespace away. */
  remove(): Promise<void>;
}

const ROOT = "outside";
const READY_MS = 120_000;

/** Why such a machine can't be made here; in CI it must. */
export async function whyNoOutsideMachine(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "needs root";
  const { code } = await run(["mariadbd", "--version"], { accept: "any" }).catch(() => ({ code: 1 }));
  return code === 0 ? undefined : "needs mariadb-server-core";
}

/** Makes one: `net` is a number of 0 to 255 that no other test has; its servers are 10.213.NET.2 and following. */
export async function outsideMachine(net: number, count: number): Promise<OutsideMachine> {
  const name = `t-db-${String(net)}`;
  await dropNamespace(name);
  const [outer, inner] = [`tdb${String(net)}o`, `tdb${String(net)}i`];
  await run(["ip", "netns", "add", name]);
  await run(["ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name]);
  await run(["ip", "address", "add", `10.213.${String(net)}.1/24`, "dev", outer]);
  await run(["ip", "link", "set", outer, "up"]);
  const inside = (...argv: readonly string[]) => run(["ip", "-n", name, ...argv]);
  await inside("link", "set", "lo", "up");
  for (let n = 0; n < count; n++) await inside("address", "add", `10.213.${String(net)}.${String(n + 2)}/24`, "dev", inner);
  await inside("link", "set", inner, "up");
  await inside("route", "add", "default", "via", `10.213.${String(net)}.1`);
  const directory = await mkdtemp(join(tmpdir(), "t-outside-"));
  const password = `p'"\\ ${randomBytes(6).toString("hex")}`;
  const servers = Array.from({ length: count }, (_, n) =>
    serverOf(name, `10.213.${String(net)}.${String(n + 2)}`, n, join(directory, String(n))),
  );
  try {
    for (const server of servers) await server.start();
  } catch (error) {
    await Promise.all(servers.map((server) => server.kill()));
    await dropNamespace(name);
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    servers,
    administrator: { user: "keeper", password },
    async remove() {
      await Promise.all(servers.map((server) => server.kill()));
      await dropNamespace(name);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function dropNamespace(name: string): Promise<void> {
  await run(["ip", "netns", "delete", name], { accept: "any" });
}

/** The kernel has room for so many asynchronous requests only, and other servers of this machine may have taken it. */
const NO_AIO = "--innodb-use-native-aio=0";
const INSTALL_TRIES = 3;

/** Makes a data directory, anew when that fails for a moment: on a full machine it does. */
async function installed(data: string): Promise<void> {
  const argv = ["mariadb-install-db", "--no-defaults", `--datadir=${data}`, "--user=root", "--skip-test-db", NO_AIO];
  for (let attempt = 1; attempt < INSTALL_TRIES; attempt++) {
    if ((await run(argv, { accept: "any", timeoutMs: 120_000 })).code === 0) return;
    await rm(data, { recursive: true, force: true });
  }
  await run(argv, { timeoutMs: 120_000 });
}

function serverOf(namespace: string, address: string, index: number, directory: string): OutsideServer {
  let child: ChildProcess | undefined;
  const query: OutsideServer["query"] = async (statement) => {
    const connection = await createConnection({ host: address, user: "root", password: ROOT, connectTimeout: 3000 });
    try {
      const [rows] = await connection.query(statement);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      connection.destroy();
    }
  };
  const kill = async (): Promise<void> => {
    const running = child;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once("close", resolve));
    running.kill("SIGKILL");
    await ended;
  };
  const start = async (): Promise<void> => {
    const data = join(directory, "data");
    await run(["mkdir", "-p", directory]);
    if ((await run(["test", "-d", data], { accept: "any" })).code !== 0) {
      await installed(data);
      await writeFile(
        join(directory, "init.sql"),
        `CREATE USER IF NOT EXISTS root@'%' IDENTIFIED BY '${ROOT}';\nGRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\n`,
      );
    }
    const options = [
      ...[
        "--no-defaults",
        "--user=root",
        `--datadir=${data}`,
        `--bind-address=${address}`,
        "--port=3306",
        `--init-file=${join(directory, "init.sql")}`,
      ],
      ...[
        `--socket=${join(directory, "s")}`,
        `--pid-file=${join(directory, "pid")}`,
        "--skip-name-resolve",
        NO_AIO,
        "--performance-schema=OFF",
      ],
      ...[
        `--server-id=${String(index + 1)}`,
        "--log-bin=binlog",
        "--innodb-buffer-pool-size=32M",
        "--innodb-log-file-size=16M",
        "--log-error=error.log",
      ],
    ];
    child = spawn("ip", ["netns", "exec", namespace, "mariadbd", ...options], { stdio: "ignore" });
    const until = Date.now() + READY_MS;
    for (;;) {
      const failure = await query("SELECT 1").then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure === undefined) return;
      if (Date.now() > until || child.exitCode !== null) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  return { address, query, start, kill };
}

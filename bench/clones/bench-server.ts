import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, createConnection } from "mysql2/promise";
import { run } from "../../src/providers/process.ts";

/** A MariaDB of Debian's package on a data directory, reached by a socket alone. */
export interface BenchServer {
  readonly socket: string;
  /** From the start of its process to the first row that it answered. */
  readonly readySeconds: number;
  query(statement: string): Promise<void>;
  /** Shuts it down so that nothing is left to do at the next start. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** What an environment's server has (clones.md 4.2). */
export const TINY: readonly string[] = [
  ...["--innodb-buffer-pool-size=16M", "--innodb-log-buffer-size=2M", "--innodb-log-file-size=16M", "--innodb-flush-method=fsync"],
  ...["--innodb-buffer-pool-load-at-startup=OFF", "--innodb-buffer-pool-dump-at-shutdown=OFF", "--innodb-doublewrite=0"],
  ...["--innodb-flush-log-at-trx-commit=0", "--innodb-temp-data-file-path=ibtmp1:3M:autoextend", "--innodb-autoextend-increment=1"],
  ...["--innodb-read-io-threads=1", "--innodb-write-io-threads=2", "--innodb-purge-threads=1", "--key-buffer-size=64K"],
  ...["--aria-pagecache-buffer-size=1M", "--performance-schema=OFF", "--max-connections=20", "--table-open-cache=200"],
];

/** What fills a database as fast as it can: the best that a restore can get. */
export const TUNED: readonly string[] = [
  ...["--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G", "--innodb-doublewrite=0", "--innodb-flush-log-at-trx-commit=0"],
];

const running = new Map<ChildProcess, Promise<unknown>>();

/** For who ends because something failed. */
export async function killAll(): Promise<void> {
  for (const [child, ended] of running) {
    child.kill("SIGKILL");
    await ended;
  }
}

/** Makes an empty data directory. */
export async function installData(directory: string): Promise<void> {
  await run([
    "mariadb-install-db",
    "--no-defaults",
    `--datadir=${directory}`,
    "--user=root",
    "--skip-test-db",
    "--innodb-use-native-aio=0",
  ]);
}

/** Starts a server and waits for its first answer. */
export async function startServer(directory: string, options: readonly string[]): Promise<BenchServer> {
  const socket = `${directory}/s`;
  const began = performance.now();
  const fixed = [`--datadir=${directory}`, `--socket=${socket}`, `--pid-file=${directory}/pid`];
  const rest = ["--user=root", "--skip-networking", "--skip-log-bin", "--innodb-use-native-aio=0", `--log-error=${directory}/errors`];
  const child = spawn("mariadbd", ["--no-defaults", ...fixed, ...rest, ...options], { stdio: "ignore" });
  const ended = once(child, "exit").finally(() => running.delete(child));
  running.set(child, ended);
  await firstAnswer(socket, child);
  const readySeconds = (performance.now() - began) / 1000;
  const query = async (statement: string): Promise<void> => {
    const connection = await createConnection({ socketPath: socket, user: "root" });
    try {
      await connection.query(statement);
    } finally {
      await connection.end();
    }
  };
  return {
    ...{ socket, readySeconds, query },
    stop: async () => {
      await query("SET GLOBAL innodb_fast_shutdown = 0");
      child.kill("SIGTERM");
      await ended;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function firstAnswer(socketPath: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 60_000; tries += 1) {
    if (child.exitCode !== null) throw new Error(`mariadbd ended with ${String(child.exitCode)}`);
    const connection = await createConnection({ socketPath, user: "root" }).catch((): Connection | undefined => undefined);
    if (connection !== undefined) {
      await connection.query("SELECT COUNT(*) FROM information_schema.schemata");
      return connection.end();
    }
    await sleep(2);
  }
  throw new Error("mariadbd never answered");
}

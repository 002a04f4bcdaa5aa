import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, createConnection } from "mysql2/promise";
import { run } from "../../src/providers/process.ts";

/** A MariaDB of the machine's own package, on a socket only: nothing else can reach it. */
export interface SocketMariadb {
  readonly directory: string;
  /** As root, in `database` when it is named. Ended by `stop`. */
  connect(database?: string): Promise<Connection>;
  /** By its process id, cleanly, so that its files can be read; they stay until `remove`. */
  stop(): Promise<void>;
  remove(): Promise<void>;
}

const READY_MS = 240_000;

/** Why there can't be one here; in CI there must. */
export async function whyNoSocketMariadb(): Promise<string | undefined> {
  const { code } = await run(["mariadbd", "--version"], { accept: "any" }).catch(() => ({ code: 1 }));
  return code === 0 ? undefined : "needs mariadb-server-core";
}

/** Starts one with an empty data directory and small settings. */
export async function socketMariadb(options: readonly string[] = []): Promise<SocketMariadb> {
  const directory = await mkdtemp(join(tmpdir(), "t-sql-"));
  const [data, socket] = [join(directory, "data"), join(directory, "s")];
  await run([
    "mariadb-install-db",
    "--no-defaults",
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    "--user=root",
  ]);
  const server = spawn(
    "mariadbd",
    [
      "--no-defaults",
      "--user=root",
      `--datadir=${data}`,
      `--socket=${socket}`,
      "--skip-networking",
      "--innodb-buffer-pool-size=32M",
      "--innodb-log-file-size=16M",
      "--innodb-flush-log-at-trx-commit=0",
      "--innodb-doublewrite=0",
      "--performance-schema=OFF",
      `--log-error=${join(directory, "log")}`,
      ...options,
    ],
    { stdio: "ignore" },
  );
  const open: Connection[] = [];
  const connect = async (database?: string): Promise<Connection> => {
    const connection = await createConnection({
      socketPath: socket,
      user: "root",
      charset: "utf8mb4",
      ...(database === undefined ? {} : { database }),
    });
    open.push(connection);
    return connection;
  };
  const stop = async (): Promise<void> => {
    for (const connection of open.splice(0)) connection.destroy();
    await ended(server);
  };
  const remove = async (): Promise<void> => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  };
  await untilItAnswers(connect, server, join(directory, "log")).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return { directory, connect, stop, remove };
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise((done) => server.once("exit", done));
  server.kill("SIGTERM");
  await gone;
}

async function untilItAnswers(connect: () => Promise<Connection>, server: ChildProcess, log: string): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    try {
      await connect();
      return;
    } catch (error) {
      if (Date.now() > until || server.exitCode !== null)
        throw new Error(`mariadbd: ${await readFile(log, "utf8").catch(() => "")}`, { cause: error });
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }
}

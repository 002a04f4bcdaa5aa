import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mysql from "mysql2/promise";
import { run } from "../../src/providers/process.ts";

/** Addresses of loopback, one for each node: they share ports. */
const ADDRESSES = ["127.0.0.11", "127.0.0.12", "127.0.0.13"] as const;
export const LOOPBACK_NODES = ["n1", "n2", "n3"] as const;
export type LoopbackNode = (typeof LOOPBACK_NODES)[number];

const WAIT_MS = 240_000;

/**
 * What Galera runs where a node lacks something. Only what is still in the others' caches comes, by Galera itself (`--bypass`): this script only
 * tells the joiner from which position; a whole copy is refused, since no test here should need one.
 */
const TRANSFER = `#!/bin/sh
set -eu
bypass=
while [ $# -gt 0 ]; do
  case $1 in
    --role) role=$2; shift ;;
    --address) address=$2; shift ;;
    --datadir) data=\${2%/}; shift ;;
    --gtid) gtid=$2; shift ;;
    --bypass) bypass=yes ;;
  esac
  shift
done
if [ "$role" = joiner ]; then
  told=$data.transfer
  rm -f "$told"
  echo "ready $(basename "$data")"
  while [ ! -s "$told" ]; do sleep 0.1; done
  cat "$told"
else
  [ -n "$bypass" ] || exit 22
  told=$(dirname "$data")/$address.transfer
  echo "$gtid" >"$told.new"
  mv "$told.new" "$told"
  echo "done $gtid"
fi
`;
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/**
 * Three MariaDB servers with Galera as plain processes on loopback, from Debian's packages: for tests that kill and freeze them by process id.
 * All begin with copies of one data directory, so that no state transfer is needed; a node that was killed comes back by an incremental one.
 */
export class GaleraLoopback {
  readonly password = "drill-admin-password";
  readonly #processes = new Map<string, ChildProcess>();
  readonly #options: readonly string[];
  #directory = "";
  #base = 0;

  /** With more options of the server: `--max-connections=600`. */
  constructor(options: readonly string[] = []) {
    this.#options = options;
  }

  address(node: string): string {
    return ADDRESSES[LOOPBACK_NODES.indexOf(node as LoopbackNode)] ?? "";
  }

  get port(): number {
    return this.#base;
  }

  /** Data directories and three running nodes. */
  async start(): Promise<void> {
    this.#directory = await mkdtemp(join(tmpdir(), "t-galera-"));
    this.#base = await freeBase();
    await writeFile(join(this.#directory, "wsrep_sst_nothing"), TRANSFER, { mode: 0o755 });
    await this.#prepare();
    await this.#spawn("n1", ["--wsrep-new-cluster"]);
    await this.synced("n1");
    for (const node of ["n2", "n3"]) await this.rejoin(node);
  }

  /** One data directory that has been a cluster of one, with its position written down, then copied. */
  async #prepare(): Promise<void> {
    const first = this.#data("n1");
    await run([
      "mariadb-install-db",
      "--no-defaults",
      "--user=root",
      `--datadir=${first}`,
      "--skip-test-db",
      "--auth-root-authentication-method=normal",
    ]);
    await writeFile(
      join(this.#directory, "init.sql"),
      `CREATE USER IF NOT EXISTS 'admin'@'%' IDENTIFIED BY '${this.password}';\nGRANT ALL ON *.* TO 'admin'@'%' WITH GRANT OPTION;\n`,
    );
    await this.#spawn("n1", ["--wsrep-new-cluster"]);
    await this.synced("n1");
    await this.stop("n1");
    for (const node of ["n2", "n3"]) cpSync(first, this.#data(node), { recursive: true });
    await this.#safe("n1");
  }

  async #safe(node: string): Promise<void> {
    const file = join(this.#data(node), "grastate.dat");
    await writeFile(file, (await readFile(file, "utf8")).replace(/safe_to_bootstrap:.*/, "safe_to_bootstrap: 1"));
  }

  #data(node: string): string {
    return join(this.#directory, node);
  }

  async #spawn(node: string, more: readonly string[]): Promise<void> {
    const address = this.address(node);
    const [sql, group, ist] = [this.#base, this.#base + 1, this.#base + 2];
    const provider = [
      `gmcast.listen_addr=tcp://${address}:${group}`,
      `base_host=${address}`,
      `base_port=${group}`,
      `ist.recv_addr=${address}:${ist}`,
      "evs.suspect_timeout=PT2S;evs.inactive_timeout=PT6S;evs.install_timeout=PT6S;evs.keepalive_period=PT0.5S",
      "gcache.size=64M",
    ];
    const argv = [
      "--no-defaults",
      "--user=root",
      `--datadir=${this.#data(node)}`,
      `--socket=${join(this.#directory, `${node}.sock`)}`,
      `--pid-file=${join(this.#directory, `${node}.pid`)}`,
      `--port=${sql}`,
      `--bind-address=${address}`,
      `--init-file=${join(this.#directory, "init.sql")}`,
      ...["--performance-schema=OFF", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=32M", "--max-connections=200"],
      ...["--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--innodb-flush-log-at-trx-commit=1"],
      ...["--wsrep-on=ON", "--wsrep-provider=/usr/lib/galera/libgalera_smm.so", "--wsrep-sst-method=nothing"],
      ...[`--wsrep-node-name=${node}`, `--wsrep-node-address=${address}:${group}`, `--wsrep-provider-options=${provider.join(";")}`],
      `--wsrep-cluster-address=gcomm://${ADDRESSES.map((one) => `${one}:${group}`).join(",")}`,
      ...this.#options,
      ...more,
    ];
    const log = await open(join(this.#directory, `${node}.log`), "a");
    const env = { ...process.env, PATH: `${this.#directory}:${process.env["PATH"] ?? ""}` };
    this.#processes.set(node, spawn("mariadbd", argv, { env, stdio: ["ignore", log.fd, log.fd] }));
    await log.close();
  }

  /** Until the node is a synced member. */
  async synced(node: string): Promise<void> {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      const state = await this.query(node, "SHOW GLOBAL STATUS LIKE 'wsrep_local_state_comment'").catch(() => []);
      if (state[0]?.["Value"] === "Synced") return;
      const child = this.#processes.get(node);
      if (Date.now() > end || child === undefined || child.exitCode !== null || child.signalCode !== null)
        throw new Error(`${node} did not become a member:\n${await this.log(node)}`);
      await sleep(200);
    }
  }

  async log(node: string): Promise<string> {
    return (await readFile(join(this.#directory, `${node}.log`), "utf8")).split("\n").slice(-60).join("\n");
  }

  async query(node: string, statement: string): Promise<Record<string, unknown>[]> {
    const connection = await mysql.createConnection({
      ...{ host: this.address(node), port: this.#base, user: "admin", password: this.password, connectTimeout: 3000 },
    });
    connection.on("error", () => undefined);
    try {
      const [rows] = await connection.query({ sql: statement, timeout: 5000 });
      return rows as Record<string, unknown>[];
    } finally {
      connection.destroy();
    }
  }

  signal(node: string, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#processes.get(node)?.kill(signal);
  }

  async ended(node: string): Promise<void> {
    const child = this.#processes.get(node);
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  async stop(node: string): Promise<void> {
    this.#processes.get(node)?.kill("SIGTERM");
    await this.ended(node);
  }

  /** A node that ended comes back from the position that its data has. */
  async rejoin(node: string): Promise<void> {
    await this.ended(node);
    const { stderr } = await run(
      [
        ...[
          "mariadbd",
          "--no-defaults",
          "--user=root",
          `--datadir=${this.#data(node)}`,
          "--wsrep-recover",
          "--binlog-format=ROW",
          "--innodb-autoinc-lock-mode=2",
          "--wsrep-cluster-address=gcomm://127.0.0.1",
          "--wsrep-sst-method=nothing",
          "--wsrep-on=ON",
          "--skip-networking",
        ],
        ...[
          "--wsrep-provider=/usr/lib/galera/libgalera_smm.so",
          "--innodb-log-file-size=32M",
          `--socket=${join(this.#directory, `${node}.recover`)}`,
        ],
      ],
      { accept: "any" },
    );
    const position = /Recovered position: *([0-9a-f-]{36}:-?\d+)/.exec(stderr)?.[1];
    if (position === undefined) throw new Error(`${node} told no position:\n${stderr.slice(-2000)}`);
    await this.#spawn(node, [`--wsrep-start-position=${position}`]);
    await this.synced(node);
  }

  async remove(): Promise<void> {
    for (const child of this.#processes.values()) child.kill("SIGKILL");
    for (const node of this.#processes.keys()) await this.ended(node);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** The first of a row of ports that nothing listens on. */
async function freeBase(): Promise<number> {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(
      ADDRESSES.flatMap((address) => [base, base + 1, base + 2].map(async (port) => await isFree(address, port))),
    );
    if (free.every(Boolean)) return base;
  }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

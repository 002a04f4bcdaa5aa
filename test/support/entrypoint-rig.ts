import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";

/** The entrypoint of PHP containers as it lies in the checkout. */
export const PROGRAM = resolve("src/entrypoint/php/entrypoint.php");

/** What a run of the entrypoint came to. */
export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  /** Program output and `howdah:` lines. */
  readonly stderr: string;
  readonly events: readonly {
    readonly event: string;
    readonly message: string;
    readonly code?: string;
    readonly step?: string;
    readonly state?: string;
  }[];
}

export interface Started {
  readonly process: ChildProcess;
  readonly outcome: Promise<Outcome>;
}

/** The programs that these tests need on the machine, or why they can't run: `apt-get install php-cli php-mysql mariadb-server`. */
export function missingPrograms(): string | undefined {
  try {
    const modules = execFileSync("php", ["-m"], { encoding: "utf8" });
    const absent = ["mysqli", "pcntl", "posix"].filter((name) => !modules.includes(name));
    if (absent.length > 0) return `php has no ${absent.join(", ")}`;
    execFileSync("mariadbd", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch (error) {
    return `php or mariadbd is not installed here (${String(error).slice(0, 80)})`;
  }
}

/** A MariaDB server of the test's own, in a directory of its own; `stop` leaves nothing. */
export interface TestServer {
  readonly directory: string;
  readonly port: number;
  /** Runs SQL as root and answers rows as tab-separated lines. */
  sql(text: string, database?: string): string;
  /** A fresh, empty database for user `u`. */
  database(name: string): void;
  stop(): Promise<void>;
}

export async function startServer(): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), "t-entry-"));
  chmodSync(directory, 0o755);
  const port = await freePort();
  const data = join(directory, "data");
  const asRoot = userInfo().uid === 0;
  mkdirSync(data);
  // mariadbd refuses root; the user `mysql` comes with a package that the tests don't need.
  if (asRoot) execFileSync("chown", ["nobody", data, directory]);
  const user = asRoot ? ["--user=nobody"] : [];
  execFileSync("mariadb-install-db", ["--no-defaults", ...user, `--datadir=${data}`, "--auth-root-authentication-method=normal"], {
    stdio: "ignore",
  });
  const socket = join(directory, "s.sock");
  const options = [
    `--socket=${socket}`,
    `--port=${String(port)}`,
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--innodb-buffer-pool-size=64M",
  ];
  const server = spawn("mariadbd", ["--no-defaults", ...user, `--datadir=${data}`, "--innodb-flush-log-at-trx-commit=2", ...options], {
    stdio: "ignore",
  });
  const sql = (text: string, database = "mysql"): string =>
    execFileSync("mariadb", ["--no-defaults", "--default-character-set=utf8mb4", "-S", socket, "-uroot", "-N", database], {
      input: text,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "ignore"],
    });
  for (let tries = 0; ; tries++) {
    try {
      sql("SELECT 1");
      break;
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  return {
    directory,
    port,
    sql,
    database: (name) =>
      void sql(
        `DROP DATABASE IF EXISTS ${name}; CREATE DATABASE ${name} CHARACTER SET utf8mb4; CREATE USER IF NOT EXISTS 'u'@'%' IDENTIFIED BY 'p w''"'; GRANT ALL ON ${name}.* TO 'u'@'%'`,
      ),
    async stop() {
      const gone = new Promise((done) => server.once("exit", done));
      server.kill("SIGTERM");
      await gone;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  return await new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Starts the entrypoint in a process group of its own, as a container would be one. */
export function startEntrypoint(argv: readonly string[], env: Readonly<Record<string, string>>, input?: string): Started {
  const child = spawn("php", [PROGRAM, ...argv], {
    detached: true,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A program that ends without reading its input closes the pipe under us.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input ?? "");
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const outcome = new Promise<Outcome>((done) => {
    child.once("close", (code, signal) => {
      const events = stderr
        .split("\n")
        .filter((line) => line.startsWith("howdah: "))
        .map((line) => JSON.parse(line.slice(8)) as Outcome["events"][number]);
      done({ exit: code ?? (signal === "SIGKILL" ? 137 : 1), stdout, stderr, events });
    });
  });
  return { process: child, outcome };
}

/** Kills everything in the group, as the end of a container does. */
export function killGroup(started: Started, signal: NodeJS.Signals = "SIGKILL"): void {
  if (started.process.pid === undefined) return;
  try {
    process.kill(-started.process.pid, signal);
  } catch (error) {
    // It was faster than the signal: also a moment at which a kill may come.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Writes the rendered configuration's stand-in and answers its path. */
export function writeConfiguration(directory: string, change: Readonly<Record<string, unknown>>): string {
  const path = join(directory, `entrypoint-${String(Math.random()).slice(2)}.json`);
  const base = {
    schema: 2,
    root: directory,
    directories: [],
    codeSeed: null,
    codeRelease: null,
    mounts: [],
    ledgerMount: null,
    database: { waitSeconds: 10 },
    hooks: { install: [], migrate: [] },
    migration: { step: "r1", repeatable: false, by: "start" },
    server: ["/bin/echo", "SERVER"],
    status: { address: "unix:///nowhere", path: "/ping" },
  };
  writeFileSync(path, JSON.stringify({ ...base, ...change }));
  return path;
}

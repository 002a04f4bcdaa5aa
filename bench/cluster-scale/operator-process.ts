import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/providers/process.ts";

/** The heap that the installed operator has: without a limit V8 collects when it has taken much more of the machine. */
const HEAP = "--max-old-space-size=256 --max-semi-space-size=8";

const ROOT = join(import.meta.dirname, "../..");

/** An operator of this checkout, bundled as it is shipped, as a process of its own. */
export interface OperatorProcess {
  /** Milliseconds since the epoch at which the log had this message; waits for it. */
  said(message: string): Promise<number>;
  /** Resident, in MB of 10^6 bytes, and seconds of CPU so far. */
  use(): Promise<{ readonly memoryMb: number; readonly cpuSeconds: number }>;
  /** What it counts itself, by series. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  /** Warnings and errors of its log. */
  readonly complaints: readonly string[];
  kill(): Promise<void>;
}

/** The bundle and the program that starts it, in a directory of its own: the checkout's `dist` is not touched. */
export async function bundledOperator(): Promise<{
  readonly start: (kubeconfig: string) => Promise<OperatorProcess>;
  readonly remove: () => Promise<void>;
}> {
  const directory = await mkdtemp(join(tmpdir(), "howdah-bench-operator-"));
  for (const part of ["bin", "package.json"]) await cp(join(ROOT, part), join(directory, part), { recursive: true });
  await run([process.execPath, "scripts/bundle.ts", join(directory, "dist")], { cwd: ROOT });
  return {
    start: (kubeconfig) => start(directory, kubeconfig),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

async function start(directory: string, kubeconfig: string): Promise<OperatorProcess> {
  const port = await freePort();
  const said = new Map<string, number>();
  const complaints: string[] = [];
  const program: ChildProcess = spawn(
    process.execPath,
    [join(directory, "bin/howdah"), "operator", "--listen", `127.0.0.1:${String(port)}`],
    {
      env: { ...process.env, KUBECONFIG: kubeconfig, HOWDAH_STATE_DIR: join(directory, "state"), NODE_OPTIONS: HEAP },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const listen = (stream: NodeJS.ReadableStream | null): void => {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      const { time, level = "", message = line } = logLine(line);
      if (!said.has(message)) said.set(message, time === undefined ? Date.now() : Date.parse(time));
      if (level !== "info") complaints.push(line);
    });
  };
  listen(program.stdout);
  listen(program.stderr);
  const ended = new Promise<void>((resolve) =>
    program.once("exit", () => {
      resolve();
    }),
  );
  let over = false;
  void ended.then(() => (over = true));
  const pid = program.pid ?? -1;
  return {
    complaints,
    said: async (message) => {
      for (;;) {
        const at = said.get(message);
        if (at !== undefined) return at;
        if (over) throw new Error(`the operator ended before it said "${message}": ${complaints.slice(-5).join("\n")}`);
        await sleep(20);
      }
    },
    use: async () => {
      const status = await readFile(`/proc/${String(pid)}/status`, "utf8");
      const stat = await readFile(`/proc/${String(pid)}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticks = Number(fields[11]) + Number(fields[12]);
      return { memoryMb: (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) * 1024) / 1e6, cpuSeconds: ticks / 100 };
    },
    metrics: async () => {
      const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
      const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]));
    },
    kill: async () => {
      if (!over) program.kill("SIGKILL");
      await ended;
    },
  };
}

function logLine(line: string): { readonly time?: string; readonly level?: string; readonly message?: string } {
  try {
    return JSON.parse(line) as object;
  } catch {
    return {};
  }
}

/** Requests that change something, of the operator's own count: all verbs but reading ones. The lease has a connection that is not counted. */
export function writesIn(metrics: ReadonlyMap<string, number>): number {
  return requestsIn(metrics, /verb="(create|update|patch|delete)"(?!.*pods\/)/);
}

/** Requests whose labels match. */
export function requestsIn(metrics: ReadonlyMap<string, number>, labels: RegExp): number {
  const own = [...metrics].filter(([series]) => series.startsWith("howdah_api_requests_total") && labels.test(series));
  return own.reduce((sum, [, value]) => sum + value, 0);
}

/** Keys that are due or worked on, without those that wait for a time; NaN before there is a queue. */
export function busyIn(metrics: ReadonlyMap<string, number>): number {
  const state = (name: string): number => metrics.get(`howdah_queue_depth{state="${name}"}`) ?? Number.NaN;
  return state("ready") + state("running");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  });
}

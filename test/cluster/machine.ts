import { spawn } from "node:child_process";
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { markedProcesses } from "../../src/engine/podman/process-tree.ts";
import { isProcessAlive, processIdentity } from "../../src/host/process-identity.ts";
import { writeAtomically } from "../../src/host/write-atomically.ts";
import { type Ran, type RunOptions, run } from "../../src/providers/process.ts";
import type { Settings } from "./settings.ts";

/**
 * A machine of the cluster is a process namespace whose first process is catatonit, with mounts and a network of its own. When that one
 * process is killed, the kernel kills all others and takes mounts, interfaces, routes and firewall rules along: a machine's power cut, and why
 * nothing can be left behind, whoever died when.
 */
const INIT = ["catatonit", "-P"];
/** Every process of the cluster carries it: so those are found whose file was never written because the starter was killed. */
const MARK = "HOWDAH_CLUSTER_MACHINE";

/** Starts a machine that doesn't run; answers whether it did. It has a loopback interface and nothing else yet. */
export async function startMachine(settings: Settings, name: string): Promise<boolean> {
  if ((await initOf(settings, name)) !== undefined) return false;
  const logs = await open(await logFile(settings, `${name}.machine`), "a");
  try {
    const isolation = ["--fork", "--kill-child", "--pid", "--mount-proc", "--mount", "--net", "--ipc"];
    const child = spawn("unshare", [...isolation, "--", ...INIT], {
      detached: true,
      stdio: ["ignore", logs.fd, logs.fd],
      env: environmentOf(settings),
    });
    child.unref();
    const init = await firstChild(await pidOf(child));
    await untilItIs(init, INIT[0] ?? "");
    await writeAtomically(pidFile(settings, name), await processIdentity(init), { mode: 0o600 });
  } finally {
    await logs.close();
  }
  return true;
}

/** The first process of a machine, by its number on the host; undefined when the machine doesn't run. */
export async function initOf(settings: Settings, name: string): Promise<number | undefined> {
  return await aliveIn(pidFile(settings, name));
}

/** Runs a program inside a machine. Errors: those of `run`, and one that says that the machine doesn't run. */
export async function enterMachine(settings: Settings, name: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return await run([...(await nsenter(settings, name)), ...argv], options);
}

/** Words that, put before a program's, run it inside the machine. */
export async function nsenter(settings: Settings, name: string): Promise<readonly string[]> {
  const init = await initOf(settings, name);
  if (init === undefined) throw new Error(`The machine ${name} of the test cluster does not run (npm run cluster -- status)`);
  return ["nsenter", "--target", String(init), "--pid", "--mount", "--net", "--ipc", "--"];
}

/** Keeps a program running inside a machine; answers false when it runs already. Its output goes to `logs/MACHINE.NAME.log`. */
export async function startDaemon(settings: Settings, machine: string, name: string, argv: readonly string[]): Promise<boolean> {
  const file = pidFile(settings, `${machine}.${name}`);
  if ((await aliveIn(file)) !== undefined) return false;
  const [program = "", ...args] = [...(await nsenter(settings, machine)), ...argv];
  const logs = await open(await logFile(settings, `${machine}.${name}`), "a");
  try {
    const child = spawn(program, args, {
      detached: true,
      stdio: ["ignore", logs.fd, logs.fd],
      env: environmentOf(settings),
    });
    child.unref();
    await writeAtomically(file, await processIdentity(await firstChild(await pidOf(child))), { mode: 0o600 });
  } finally {
    await logs.close();
  }
  return true;
}

/** Whether a daemon runs. */
export async function daemonRuns(settings: Settings, machine: string, name: string): Promise<boolean> {
  return (await aliveIn(pidFile(settings, `${machine}.${name}`))) !== undefined;
}

/** The last lines that a daemon said, for the error of somebody who waits for it. */
export async function lastWords(settings: Settings, machine: string, name: string, lines = 15): Promise<string> {
  const text = await readFile(await logFile(settings, `${machine}.${name}`), "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

/** Cuts a machine's power: every process in it is gone when this returns. */
export async function killMachine(settings: Settings, name: string): Promise<void> {
  const init = await initOf(settings, name);
  if (init !== undefined) kill(init);
  while ((await initOf(settings, name)) !== undefined) await sleep(20);
  await rm(pidFile(settings, name), { force: true });
}

/** Ends every process of the cluster, also those of a starter that was killed before it wrote anything down. */
export async function killAll(settings: Settings): Promise<void> {
  const mark = `${MARK}=${settings.directory}`;
  for (let left = await markedProcesses(mark); left.length > 0; left = await markedProcesses(mark)) {
    for (const pid of left) kill(pid);
    await sleep(50);
  }
  await rm(join(settings.directory, "pids"), { recursive: true, force: true });
}

/** Names of the programs that were kept running in a machine, dead or alive. */
export async function daemonsOf(settings: Settings, machine: string): Promise<readonly string[]> {
  const names = await readdir(join(settings.directory, "pids")).catch(() => []);
  return names.filter((name) => name.startsWith(`${machine}.`)).map((name) => name.slice(machine.length + 1));
}

function pidFile(settings: Settings, name: string): string {
  return join(settings.directory, "pids", name);
}

async function logFile(settings: Settings, name: string): Promise<string> {
  await mkdir(join(settings.directory, "logs"), { recursive: true });
  return join(settings.directory, "logs", `${name}.log`);
}

/** A number comes back after its process has died; with the start time beside it in the file, no stranger is taken for ours. */
async function aliveIn(file: string): Promise<number | undefined> {
  const identity = await readFile(file, "utf8").catch(() => "");
  return (await isProcessAlive(identity)) ? Number(identity.split("-")[0]) : undefined;
}

async function pidOf(child: ReturnType<typeof spawn>): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return child.pid ?? 0;
}

/** unshare and nsenter fork into the namespace and wait: the process that counts is their child. */
async function firstChild(parent: number): Promise<number> {
  for (let tries = 0; tries < 500; tries += 1) {
    const children = await readFile(`/proc/${String(parent)}/task/${String(parent)}/children`, "utf8").catch(() => undefined);
    if (children === undefined) break;
    const first = Number(children.trim().split(" ")[0]);
    if (first > 0) return first;
    await sleep(10);
  }
  throw new Error("A program of the test cluster ended at once; its log says why");
}

/** The fork makes its mounts before it becomes the program; entering earlier would miss them. */
async function untilItIs(pid: number, program: string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    const comm = await readFile(`/proc/${String(pid)}/comm`, "utf8").catch(() => undefined);
    if (comm === undefined) break;
    if (comm.trim() === program) return;
    await sleep(10);
  }
  throw new Error(`${program} did not start: namespaces can't be made here (root is needed), or the program is missing`);
}

/** Little of ours: a proxy or an option for Node has no business in a kubelet. */
function environmentOf(settings: Settings): Record<string, string> {
  return { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", [MARK]: settings.directory };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended meanwhile
  }
}

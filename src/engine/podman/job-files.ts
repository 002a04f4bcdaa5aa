import { access, appendFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobRun } from "../jobs.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** What is written down of a run before it starts; never changes. */
export interface JobCard {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly pod: string;
  readonly container: string;
  readonly startedAt: number;
  readonly timeoutSeconds: number;
  readonly planned?: number;
}

/** Environment variable by which the processes of a run are known. */
export const JOB_MARK = "HOWDAH_CRON_RUN";

/** Where the files of one run lie: in memory, and gone with a reboot as the run is. */
export interface JobPaths {
  readonly directory: string;
  readonly card: string;
  /** What the runtime reads at the start, secrets in it: 0600, removed as soon as the program runs. */
  readonly spec: string;
  /** conmon writes its own process id, the program's, and at the end the exit code. */
  readonly watcher: string;
  readonly program: string;
  readonly exits: string;
  readonly runtimeLog: string;
  readonly why: string;
}

/** Below `runDir/jobs`, by id. */
export function jobPaths(runDir: string, id: string): JobPaths {
  const directory = join(jobsDirectory(runDir), id);
  const at = (name: string): string => join(directory, name);
  return {
    directory,
    card: at("job.json"),
    spec: at("process.json"),
    watcher: at("watcher.pid"),
    program: at("program.pid"),
    exits: at("exit"),
    runtimeLog: at("runtime.log"),
    why: at("why"),
  };
}

function jobsDirectory(runDir: string): string {
  return join(runDir, "jobs");
}

/** Writes a run's card down: from then on every process knows of it. */
export async function writeCard(runDir: string, card: JobCard): Promise<JobPaths> {
  const paths = jobPaths(runDir, card.id);
  await mkdir(paths.exits, { recursive: true, mode: 0o700 });
  await writeFile(paths.card, JSON.stringify(card), { mode: 0o600 });
  return paths;
}

/** Of all runs, in no order. */
export async function jobIds(runDir: string): Promise<readonly string[]> {
  return readdir(jobsDirectory(runDir)).catch(() => []);
}

/** A run's card. A directory without a whole one is a start that was cut off: nothing ran yet. */
export async function readCard(runDir: string, id: string): Promise<JobCard | undefined> {
  return readJson<JobCard>(jobPaths(runDir, id).card);
}

/** How a run is, from what conmon wrote and which processes live. */
export async function readRun(runDir: string, card: JobCard): Promise<JobRun> {
  const { container: _container, ...known } = card;
  const paths = jobPaths(runDir, card.id);
  const running = await elapsedOf(paths, card);
  // Asked for after the process: it may have ended between the two.
  const exit = await exitOf(join(paths.exits, card.container));
  if (exit === undefined && running !== undefined) return { ...known, state: { is: "running", elapsedMs: running } };
  const stopped = await readFile(paths.why, "utf8").catch(() => undefined);
  const { exitCode, endedAt } = exit ?? { exitCode: null, endedAt: card.startedAt };
  return { ...known, state: { is: "ended", exitCode, endedAt, ...(stopped === undefined ? {} : { stopped }) } };
}

/** Writes down why a run is stopped. */
export async function writeWhy(runDir: string, id: string, why: string): Promise<void> {
  await writeAtomically(jobPaths(runDir, id).why, why, { mode: 0o600 });
}

/**
 * The exit code and its time (milliseconds since the epoch); undefined until conmon has written the file, which has the container's name:
 * one with an ending is still being written, and gone in a moment.
 */
async function exitOf(file: string): Promise<{ exitCode: number; endedAt: number } | undefined> {
  const [text, seen] = await Promise.all([readFile(file, "utf8").catch(() => ""), stat(file).catch(() => undefined)]);
  return /^\d+$/.test(text) && seen !== undefined ? { exitCode: Number(text), endedAt: seen.mtimeMs } : undefined;
}

/** A start takes a tenth of a second; on a busy machine, more. */
const START_MS = 30_000;

/** Milliseconds since the watcher was started, while it or the program lives. A watcher that was killed leaves its program running. */
async function elapsedOf(paths: JobPaths, card: JobCard): Promise<number | undefined> {
  const isStarting = await access(paths.watcher).then(
    () => false,
    () => Date.now() - card.startedAt < START_MS,
  );
  if (isStarting) return 0;
  for (const [file, sign] of [
    [paths.watcher, paths.directory],
    [paths.program, `${JOB_MARK}=${card.id}`],
  ] as const) {
    const pid = Number((await readFile(file, "utf8").catch(() => "")).trim());
    const elapsed = Number.isInteger(pid) && pid > 1 ? await lifeOf(pid, sign) : undefined;
    if (elapsed !== undefined) return elapsed;
  }
  return undefined;
}

/** Kernel clock ticks of a second in /proc: USER_HZ, 100 on every architecture of Debian. */
const TICKS = 100;

/** How long a process lives; undefined when it does not, or is another one that got its number: `sign` is in its arguments or environment. */
async function lifeOf(pid: number, sign: string): Promise<number | undefined> {
  try {
    const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, "utf8");
    const [line, environment, status, uptime] = await Promise.all([
      read("cmdline"),
      read("environ"),
      read("stat"),
      readFile("/proc/uptime", "utf8"),
    ]);
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || !(line.includes(sign) || environment.includes(sign))) return undefined;
    return Math.max(0, Number(uptime.split(" ")[0]) * 1000 - (Number(fields[19]) * 1000) / TICKS);
  } catch {
    return undefined;
  }
}

/** Forgets a run. */
export async function removeJob(runDir: string, id: string): Promise<void> {
  await rm(jobPaths(runDir, id).directory, { recursive: true, force: true });
}

/** A log is put away at that size; with the one put away before, and what one run adds to each, a cron keeps at most six times as much. */
const LOG_BYTES = 1024 * 1024;
/** A single run's output is cut at that size by conmon. */
export const RUN_LOG_BYTES = 2 * LOG_BYTES;

/** The log of a cron in the namespace's directory, made ready for another run. */
export async function cronLog(namespaceDirectory: string, name: string): Promise<string> {
  const directory = join(namespaceDirectory, "crons");
  const path = join(directory, `${name}.log`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_BYTES) await rename(path, join(directory, `${name}.log.1`));
  else await endLines(path, size);
  return path;
}

/** Longer than a piece that conmon writes. */
const TAIL_BYTES = 32 * 1024;

/** A run's last words may have no line end: they must not become the beginning of the next run's first line. */
async function endLines(path: string, size: number): Promise<void> {
  if (size === 0) return;
  const tail = Buffer.alloc(Math.min(TAIL_BYTES, size));
  const file = await open(path, "r");
  try {
    await file.read(tail, 0, tail.length, size - tail.length);
  } finally {
    await file.close();
  }
  const lines = tail.toString("utf8").split("\n");
  const missing = ["stdout", "stderr"].flatMap((stream) => {
    const last = lines.findLast((line) => line.split(" ", 2)[1] === stream)?.split(" ", 3);
    return last?.[2] === "P" ? [`${last[0]} ${stream} F \n`] : [];
  });
  if (missing.length > 0) await appendFile(path, missing.join(""));
}

/** Logs of a namespace's crons: name and file, the older before the newer. */
export async function cronLogs(namespaceDirectory: string): Promise<{ name: string; path: string }[]> {
  const directory = join(namespaceDirectory, "crons");
  const files = (await readdir(directory).catch(() => [])).toSorted((a, b) => (a < b ? 1 : -1));
  return files.flatMap((file) => {
    const name = /^(.+)\.log(\.1)?$/.exec(file)?.[1];
    return name === undefined ? [] : [{ name, path: join(directory, file) }];
  });
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

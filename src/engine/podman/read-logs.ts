import type { EngineContext, LogLine } from "../engine.ts";
import { type FileLine, type LogCursor, lastLines, logCursor, sizeOf } from "./container-log.ts";
import { cronLogs } from "./job-files.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";

/** What part of the logs. */
export interface LogOptions {
  readonly follow: boolean;
  /** Lines of the past, over all containers together. */
  readonly tail: number;
  readonly workload?: string;
  readonly container?: string;
}

const POLL_MS = 250;
/** New pods are looked for every so many polls. */
const POLLS_PER_SEARCH = 8;

interface Source {
  readonly cursor: LogCursor;
  readonly wrap: (line: FileLine) => LogLine;
}

/** The lines of a namespace's containers in the order of their times; with `follow`, on and on until the signal. */
export async function* readLogs(machine: Machine, namespace: string, options: LogOptions, context: EngineContext): AsyncGenerator<LogLine> {
  const sources = new Map<string, Source>();
  const past: LogLine[] = [];
  for (const found of await logFiles(machine, namespace, options)) {
    const size = await sizeOf(found.path);
    past.push(...(await lastLines(found.path, options.tail)).map(found.wrap));
    sources.set(found.path, { cursor: logCursor(found.path, size), wrap: found.wrap });
  }
  yield* options.tail === 0 ? [] : inOrder(past).slice(-options.tail);
  for (let poll = 1; options.follow; poll++) {
    await machine.clock.sleep(POLL_MS, context.signal).catch(() => {});
    // Whoever stops because a program has ended wants its last lines too.
    const isLast = context.signal.aborted;
    if (isLast || poll % POLLS_PER_SEARCH === 0) {
      for (const found of await logFiles(machine, namespace, options)) {
        if (!sources.has(found.path)) sources.set(found.path, { cursor: logCursor(found.path), wrap: found.wrap });
      }
    }
    const added: LogLine[] = [];
    for (const { cursor, wrap } of sources.values()) added.push(...[...(await cursor.next()), ...(isLast ? cursor.rest() : [])].map(wrap));
    yield* inOrder(added);
    if (isLast) return;
  }
}

function inOrder(lines: LogLine[]): LogLine[] {
  return lines.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

async function logFiles(
  machine: Machine,
  namespace: string,
  options: LogOptions,
): Promise<{ path: string; wrap: (line: FileLine) => LogLine }[]> {
  const crons = await cronFiles(machine, namespace, options);
  if (options.container?.startsWith("cron") === true) return crons;
  const listed = await machine.podman.list({
    [label.instance]: machine.names.instance,
    [label.namespace]: namespace,
    ...(options.workload === undefined ? {} : { [label.workload]: options.workload }),
    ...(options.container === undefined ? {} : { [label.container]: options.container }),
  });
  const containers = new Map(listed.filter((one) => one.labels[label.container] !== undefined).map((one) => [one.name, one]));
  const inspected = await machine.podman.inspect([...containers.keys()]);
  const containersFiles = inspected.map(({ name, logPath }) => {
    const labels = containers.get(name)?.labels ?? {};
    const container = labels[label.container] ?? "";
    const pod = name.slice(0, -container.length - 1);
    const workload = labels[label.workload] ?? "";
    return { path: logPath, wrap: (line: FileLine): LogLine => ({ namespace, workload, pod, container, ...line }) };
  });
  return [...containersFiles, ...crons];
}

/** Logs of crons: `cron/NAME` of the workload `cron`. They outlive the pods that their runs were in. `cron` alone means all of them. */
async function cronFiles(
  machine: Machine,
  namespace: string,
  { workload, container }: LogOptions,
): Promise<{ path: string; wrap: (line: FileLine) => LogLine }[]> {
  if (workload !== undefined && workload !== "cron") return [];
  const files = (await cronLogs(machine.store.directory(namespace))).map(({ name, path }) => ({ container: `cron/${name}`, path }));
  return files
    .filter((file) => container === undefined || container === "cron" || container === file.container)
    .map((file) => ({
      path: file.path,
      wrap: (line): LogLine => ({ namespace, workload: "cron", pod: "", container: file.container, ...line }),
    }));
}

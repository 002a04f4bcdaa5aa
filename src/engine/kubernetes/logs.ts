import { createInterface } from "node:readline";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, LogLine } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { lastLines, timedLine } from "./last-words.ts";
import { mark } from "./marks.ts";
import { podsOf } from "./pods.ts";
import type { PodObject } from "./views.ts";

/** What part of the logs. */
export interface LogOptions {
  readonly follow: boolean;
  /** Lines of the past, over all containers together. */
  readonly tail: number;
  readonly workload?: string;
  readonly container?: string;
}

/** How often new pods are looked for, and logs that ended (a container fell) are opened again. */
const SEARCH_MS = 2000;
/** Lines of a container that are read again when its log is opened again: what was said meanwhile is among them. */
const REOPENED_LINES = 1000;
/** The workload that crons are shown as. */
const CRON = "cron";

interface Source {
  readonly pod: PodObject;
  readonly container: string;
  readonly wrap: (line: { readonly time: string; readonly text: string }) => LogLine;
}

/**
 * The lines of a namespace's containers in the order of their times; with `follow` on and on, with those of pods that come, until the
 * signal. Kubelets keep both streams of a container in one log and don't say which a line came from: it is told as `stdout`. A cron's
 * output (`cron/NAME`) goes with its run.
 */
export async function* readLogs(cluster: Cluster, namespace: string, options: LogOptions, context: EngineContext): AsyncGenerator<LogLine> {
  const sources = await sourcesOf(cluster, namespace, options);
  const past = await Promise.all(
    sources.map(async (source) =>
      options.tail === 0 ? [] : (await lastLines(cluster, source.pod, source.container, { tail: options.tail })).map(source.wrap),
    ),
  );
  const lines = past.flat().toSorted(byTime);
  yield* options.tail === 0 ? [] : lines.slice(-options.tail);
  if (options.follow) yield* follow(cluster, namespace, options, { sources, since: lines.at(-1)?.time ?? "" }, context.signal);
}

function byTime(a: LogLine, b: LogLine): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
}

async function sourcesOf(cluster: Cluster, namespace: string, options: LogOptions): Promise<readonly Source[]> {
  const space = cluster.namespace(namespace);
  const crons = options.container?.startsWith(CRON) === true || options.workload === CRON;
  const mains = crons
    ? []
    : await podsOf(cluster, space, { role: "serve", ...(options.workload === undefined ? {} : { workload: options.workload }) });
  const runs = options.workload !== undefined && options.workload !== CRON ? [] : await podsOf(cluster, space, { role: "job" });
  return [
    ...mains.flatMap((pod) =>
      pod.spec.containers.map(({ name }) => sourceOf(namespace, pod, name, name, pod.metadata.labels?.[mark.workload] ?? "")),
    ),
    ...runs.flatMap((pod) =>
      pod.spec.containers.map(({ name }) => sourceOf(namespace, pod, name, `${CRON}/${pod.metadata.labels?.[mark.cron] ?? ""}`, CRON)),
    ),
  ].filter(
    ({ shown }) => options.container === undefined || shown === options.container || (options.container === CRON && shown.startsWith(CRON)),
  );
}

function sourceOf(
  namespace: string,
  pod: PodObject,
  container: string,
  shown: string,
  workload: string,
): Source & { readonly shown: string } {
  const wrap: Source["wrap"] = ({ time, text }) => ({
    ...{ namespace, workload, pod: workload === CRON ? "" : pod.metadata.name, container: shown },
    ...{ stream: "stdout", time, text },
  });
  return { pod, container, wrap, shown };
}

async function* follow(
  cluster: Cluster,
  namespace: string,
  options: LogOptions,
  start: { readonly sources: readonly Source[]; readonly since: string },
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const queue: LogLine[] = [];
  let wake: () => void = () => undefined;
  const seen = new Map<string, string>();
  const open = new Set<string>();
  const begin = (source: Source, since: string): void => {
    const key = `${source.pod.metadata.uid ?? source.pod.metadata.name}/${source.container}`;
    if (open.has(key)) return;
    open.add(key);
    const after = seen.get(key) ?? since;
    void copyLines(cluster, source, signal, (line) => {
      if (line.time <= (seen.get(key) ?? after)) return;
      seen.set(key, line.time);
      queue.push(line);
      wake();
    }).finally(() => open.delete(key));
  };
  for (const source of start.sources) begin(source, start.since);
  let searched = cluster.clock.now();
  for (;;) {
    while (queue.length > 0) yield queue.shift() as LogLine;
    if (signal.aborted) return;
    const woken = new Promise<void>((resolve) => (wake = resolve));
    await Promise.race([woken, cluster.clock.sleep(SEARCH_MS, signal).catch(() => undefined)]);
    if (signal.aborted || cluster.clock.now() - searched < SEARCH_MS) continue;
    searched = cluster.clock.now();
    for (const source of await sourcesOf(cluster, namespace, options).catch(() => [])) begin(source, "");
  }
}

/** Hands lines on until the container ends, its node goes away, or the signal. */
async function copyLines(
  cluster: Cluster,
  { pod, container, wrap }: Source,
  signal: AbortSignal,
  take: (line: LogLine) => void,
): Promise<void> {
  try {
    const name = { namespace: pod.metadata.namespace ?? "", pod: pod.metadata.name, container };
    const stream = await cluster.api.logs(name, { follow: true, tail: REOPENED_LINES }, signal);
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) take(wrap(timedLine(line)));
  } catch (error) {
    // A container that has not begun, and a node that is away: the next search opens the log again.
    if (!(error instanceof HowdahError) && !signal.aborted && !(error instanceof Error && "code" in error)) throw error;
  }
}

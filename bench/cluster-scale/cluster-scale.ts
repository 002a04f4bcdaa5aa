import { setTimeout as sleep } from "node:timers/promises";
import { type Latency, loadNow, renamings, scalings } from "./changes.ts";
import { bundledOperator, busyIn, type OperatorProcess, requestsIn, writesIn } from "./operator-process.ts";
import { copySites, type Pattern, patternOf, readyPods } from "./copies.ts";
import { type PlayedCluster, playedCluster } from "./played-cluster.ts";
import { changedBetween, makeSites, servingCount, versionsOf } from "./sites.ts";

/** What one operator costs with so many sites. Times in seconds where nothing else is said, memory in MB of 10^6 bytes. */
export interface ScaleStep {
  readonly sites: number;
  /** What the operator itself brought up in this step; null when it found copies in place. */
  readonly bringUp: {
    readonly sites: number;
    readonly seconds: number;
    readonly writesASite: number;
    readonly requestsASite: number;
    readonly writesASecond: number;
    readonly cpuSecondsASite: number;
  } | null;
  /** Sites that were written beside the operator; seconds until their pods were ready, then until a started operator had looked at all. */
  readonly copies: {
    readonly sites: number;
    readonly seconds: number;
    readonly adoptedSeconds: number;
    readonly requests: number;
    readonly writes: number;
  } | null;
  readonly quiet: {
    /** Until the control plane had come to rest (`PlayedCluster.calm`), and the part of a core that its API server used then. */
    readonly calm: { readonly seconds: number; readonly cores: number };
    /** The machine's load average, as in the parts below. */
    readonly load: number;
    readonly seconds: number;
    readonly memoryMb: number;
    /** By the operator's own count, by the API server's count of applies, and by objects whose resourceVersion changed. */
    readonly writes: number;
    readonly applies: number;
    readonly changedObjects: number;
    readonly cpuPercent: number;
  };
  /** Milliseconds. */
  readonly scaling: Latency;
  readonly hostname: Latency;
  readonly restart: {
    /** From the kill; of it, the dead one's lease until somebody else may take it. */
    readonly leading: number;
    readonly synced: number;
    /** Until every object was looked at again. */
    readonly lookedAtAll: number;
    readonly requests: number;
    readonly applies: number;
    readonly changedObjects: number;
    readonly memoryMb: number;
    readonly load: number;
  };
}

/** How long nothing changes while writes are counted: at the last step, and before. */
const LAST_QUIET_MS = 120_000;
const QUIET_MS = 30_000;

/**
 * What one operator costs with so many sites, one number after the other, in a cluster of its own with played pods. The first are brought up by the
 * operator, and are the pattern of the rest.
 */
export async function clusterScale(counts: readonly number[], say: (line: string) => void): Promise<readonly ScaleStep[]> {
  const bundle = await bundledOperator();
  const cluster = await playedCluster(say);
  const steps: ScaleStep[] = [];
  const run: Run = { cluster, say, operator: undefined, restart: () => bundle.start(cluster.kubeconfig), pattern: [] };
  try {
    run.operator = await run.restart();
    await run.operator.said("synced");
    let there = 0;
    for (const sites of counts) {
      const step = await measureStep(run, { there, sites, last: sites === counts.at(-1) });
      there = sites;
      steps.push(step);
      say(JSON.stringify(step));
    }
    return steps;
  } finally {
    for (const line of run.operator?.complaints.slice(0, 10) ?? []) say(line);
    await run.operator?.kill();
    await cluster.stop();
    await bundle.remove();
  }
}

interface Run {
  readonly cluster: PlayedCluster;
  readonly say: (line: string) => void;
  readonly restart: () => Promise<OperatorProcess>;
  operator: OperatorProcess | undefined;
  pattern: Pattern;
}

interface StepWanted {
  readonly there: number;
  readonly sites: number;
  readonly last: boolean;
}

async function measureStep(run: Run, { there, sites, last }: StepWanted): Promise<ScaleStep> {
  const { cluster, say, restart } = run;
  const isFirst = there === 0;
  const copies = isFirst ? null : await copiesTo(run, there, sites);
  const { operator } = run;
  if (operator === undefined) throw new TypeError("no operator runs");
  const bringUp = isFirst ? await bringUpTo(cluster, operator, there, sites, say) : null;
  if (isFirst) run.pattern = await patternOf(cluster);
  const quiet = await quietFor(cluster, operator, last ? LAST_QUIET_MS : QUIET_MS, say);
  say(JSON.stringify({ sites, bringUp, copies, quiet }));
  say("changes");
  const scaling = await scalings(cluster, sites, Math.min(sites, last ? 100 : 20), last ? 2 : there === 0 ? 3 : 4);
  await idle(operator);
  await cluster.calm();
  const hostname = await renamings(cluster, sites, Math.min(sites, last ? 20 : 5), sites);
  await idle(operator);
  await cluster.calm();
  say(JSON.stringify({ sites, scaling, hostname }));
  say("the operator is killed");
  const before = await versionsOf(cluster);
  const killed = Date.now();
  await operator.kill();
  const next = await restart();
  const applied = await cluster.appliesSeen();
  const since = (at: number): number => Math.round((at - killed) / 100) / 10;
  const [leading, synced] = [since(await next.said("leading")), since(await next.said("synced"))];
  await idle(next);
  const lookedAtAll = since(Date.now());
  const counts = await next.metrics();
  const { memoryMb } = await next.use();
  const changedObjects = changedBetween(before, await versionsOf(cluster)).length;
  const applies = (await cluster.appliesSeen()) - applied;
  run.operator = next;
  return {
    ...{ sites, bringUp, copies, quiet, scaling, hostname },
    restart: {
      ...{ leading, synced, lookedAtAll, requests: requestsIn(counts, /./), applies, changedObjects },
      ...{ memoryMb: Math.round(memoryMb), load: loadNow() },
    },
  };
}

/** Ends the operator, writes copies, and starts it again: its first look must find that nothing is to be done. */
async function copiesTo(run: Run, there: number, sites: number): Promise<NonNullable<ScaleStep["copies"]>> {
  const { cluster, say } = run;
  await run.operator?.kill();
  const began = Date.now();
  await copySites(cluster, run.pattern, there, sites);
  for (let ready = 0, saidAt = 0; ready < sites; await sleep(1000)) {
    ready = await readyPods(cluster);
    if (Date.now() - saidAt < 10_000) continue;
    saidAt = Date.now();
    say(`${String(ready)} of ${String(sites)} sites have pods after ${String(Math.round((saidAt - began) / 1000))} s`);
  }
  const seconds = Math.round((Date.now() - began) / 1000);
  const started = Date.now();
  run.operator = await run.restart();
  await run.operator.said("synced");
  await idle(run.operator);
  const counts = await run.operator.metrics();
  return {
    ...{ sites: sites - there, seconds, adoptedSeconds: Math.round((Date.now() - started) / 1000) },
    ...{ requests: requestsIn(counts, /./), writes: writesIn(counts) },
  };
}

async function bringUpTo(
  cluster: PlayedCluster,
  operator: OperatorProcess,
  there: number,
  sites: number,
  say: (line: string) => void,
): Promise<NonNullable<ScaleStep["bringUp"]>> {
  const [before, use] = [await operator.metrics(), await operator.use()];
  const began = Date.now();
  const made = makeSites(cluster, there, sites);
  let saidAt = Date.now();
  for (;;) {
    const serving = await servingCount(cluster);
    if (serving >= sites) break;
    if (Date.now() - saidAt > 10_000) {
      saidAt = Date.now();
      say(`${String(serving)} of ${String(sites)} sites serve after ${String(Math.round((Date.now() - began) / 1000))} s`);
    }
    await sleep(Math.max(500, sites));
  }
  await made;
  const seconds = (Date.now() - began) / 1000;
  await idle(operator);
  const [after, used] = [await operator.metrics(), await operator.use()];
  const added = sites - there;
  const writes = writesIn(after) - writesIn(before);
  return {
    sites: added,
    seconds: Math.round(seconds),
    writesASite: Math.round(writes / added),
    requestsASite: Math.round((requestsIn(after, /./) - requestsIn(before, /./)) / added),
    writesASecond: Math.round(writes / seconds),
    cpuSecondsASite: Math.round(((used.cpuSeconds - use.cpuSeconds) / added) * 100) / 100,
  };
}

async function quietFor(
  cluster: PlayedCluster,
  operator: OperatorProcess,
  milliseconds: number,
  say: (line: string) => void,
): Promise<ScaleStep["quiet"]> {
  const calm = await cluster.calm();
  say(`${String(milliseconds / 1000)} s of quiet, after ${String(calm.seconds)} s in which the control plane came to rest`);
  const [before, counted, applied, use] = [
    await versionsOf(cluster),
    await operator.metrics(),
    await cluster.appliesSeen(),
    await operator.use(),
  ];
  await sleep(milliseconds);
  const [used, metrics] = [await operator.use(), await operator.metrics()];
  return {
    ...{ calm, load: loadNow(), seconds: milliseconds / 1000 },
    memoryMb: Math.round(used.memoryMb),
    writes: writesIn(metrics) - writesIn(counted),
    applies: (await cluster.appliesSeen()) - applied,
    changedObjects: changedBetween(before, await versionsOf(cluster)).length,
    cpuPercent: Math.round(((used.cpuSeconds - use.cpuSeconds) / milliseconds) * 1e6) / 10,
  };
}

/** Waits until no key is due or worked on, for two seconds. */
async function idle(operator: OperatorProcess): Promise<void> {
  for (let quiet = 0; quiet < 4; ) {
    await sleep(500);
    quiet = busyIn(await operator.metrics()) === 0 ? quiet + 1 : 0;
  }
}

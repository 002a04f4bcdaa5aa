import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { Leadership } from "../kubernetes/lease.ts";
import type { Reflector } from "../kubernetes/reflector.ts";
import { type Again, WorkQueue } from "../kubernetes/work-queue.ts";
import { affected, parseQueueKey, type ReconciledKind, WATCHED, type WatchedKind } from "./controllers.ts";
import { reconcileEnvironment } from "./environment/reconcile-environment.ts";
import type { Metrics } from "./metrics.ts";
import type { Log, OperatorPorts, Reconcile } from "./operator-ports.ts";
import { reconcileSite } from "./site/reconcile-site.ts";
import { reconcileTenant } from "./tenant/reconcile-tenant.ts";

/** How many objects are worked on at once: a rollout waits most of the time. */
const WORKERS = 20;

/** After an outage of the API server everything is looked at again within half a minute. */
const BACKOFF = { firstMs: 500, longestMs: 20_000 };

/** The operator's parts; operator-wiring.ts makes them. */
export interface OperatorParts {
  readonly ports: OperatorPorts;
  readonly reflectors: Readonly<Record<WatchedKind, Reflector>>;
  readonly leadership: Pick<Leadership, "run" | "term">;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Whether the operator does its work, for probes. */
export interface OperatorHealth {
  /** Everything was listed once. */
  readonly ready: () => boolean;
}

/**
 * The operator, until the signal: watches in every process, works in the one that leads. What is under way when it is told to stop is ended at its
 * next step; whoever leads next finds it in the journal.
 */
export async function runOperator(parts: OperatorParts, signal: AbortSignal, healthy: (health: OperatorHealth) => void): Promise<void> {
  const { reflectors, leadership, metrics, ports, clock } = parts;
  const { log } = ports;
  const all = WATCHED.map((kind) => reflectors[kind]);
  healthy({ ready: () => all.every((reflector) => reflector.synced()) });
  metrics.gauge("howdah_leader", {}, () => (leadership.term === undefined ? 0 : 1));
  for (const kind of WATCHED) {
    const resource = reflectors[kind].resource.plural;
    metrics.gauge("howdah_objects", { resource }, () => reflectors[kind].objects.size);
    metrics.gauge("howdah_watch_silence_seconds", { resource }, () => Math.round((clock.now() - reflectors[kind].heardAt) / 1000));
  }
  const watching = Promise.all(all.map((reflector) => reflector.run(signal)));
  const leading = leadership.run(async (term, held) => {
    log("info", "leading", { term });
    await Promise.all(all.map((reflector) => reflector.whenSynced()));
    log("info", "synced", Object.fromEntries(WATCHED.map((kind) => [reflectors[kind].resource.plural, reflectors[kind].objects.size])));
    await work(parts, held);
    log("info", "no longer leading", { term });
  }, signal);
  await Promise.all([watching, leading]);
}

async function work(parts: OperatorParts, signal: AbortSignal): Promise<void> {
  const { reflectors, metrics, ports } = parts;
  const reconcilers: Readonly<Record<ReconciledKind, Reconcile>> = {
    Tenant: reconcileTenant(ports),
    Site: reconcileSite(ports),
    Environment: reconcileEnvironment(ports),
  };
  const queue = new WorkQueue({
    work: (key, stop) => look(key, reconcilers, parts, stop),
    workers: WORKERS,
    clock: parts.clock,
    random: parts.random,
    backoff: BACKOFF,
    failed: (key, error, waitMs) => {
      complain(ports.log, key, error, waitMs);
    },
  });
  for (const state of ["ready", "waiting", "running"] as const) metrics.gauge("howdah_queue_depth", { state }, () => queue.depth[state]);
  const views = Object.fromEntries(WATCHED.map((kind) => [kind, reflectors[kind].objects])) as unknown as Parameters<typeof affected>[2];
  const forget = WATCHED.map((kind) =>
    reflectors[kind].objects.listen((keys) => {
      for (const key of keys) for (const one of affected(kind, key, views)) queue.add(one);
    }),
  );
  for (const kind of ["Tenant", "Site", "Environment"] as const) {
    for (const { metadata } of reflectors[kind].objects.all()) queue.add(`${kind}/${metadata.namespace ?? ""}/${metadata.name}`);
  }
  try {
    await queue.run(signal);
  } finally {
    for (const stop of forget) stop();
  }
}

async function look(
  key: string,
  reconcilers: Readonly<Record<ReconciledKind, Reconcile>>,
  { metrics }: OperatorParts,
  signal: AbortSignal,
): Promise<Again> {
  const { kind, ...name } = parseQueueKey(key);
  try {
    const { again } = await reconcilers[kind](name, signal);
    metrics.count("howdah_reconciles_total", { kind, result: again === undefined ? "done" : "again" });
    return again === undefined ? "on-change" : { afterMs: again };
  } catch (error) {
    metrics.count("howdah_reconciles_total", { kind, result: "failed" });
    throw error;
  }
}

/** A conflict is the ordinary end of a look that somebody else overtook; what has no name is a bug, with its place in the code. */
function complain(log: Log, key: string, error: unknown, waitMs: number): void {
  const again = Math.round(waitMs);
  if (error instanceof HowdahError) {
    const level = error.code === "cluster/conflict" ? "info" : "warn";
    log(level, "look failed", { key, code: error.code, error: error.message, retryMs: again });
    return;
  }
  log("error", "a bug", { key, error: error instanceof Error ? (error.stack ?? error.message) : String(error), retryMs: again });
}

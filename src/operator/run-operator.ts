import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { Leadership } from "../kubernetes/lease.ts";
import type { Reflector } from "../kubernetes/reflector.ts";
import { type Again, WorkQueue } from "../kubernetes/work-queue.ts";
import {
  affected,
  MAY_BE_UNKNOWN,
  parseQueueKey,
  queueKey,
  type ReconciledKind,
  type Routes,
  type Stores,
  WATCH_NAMES,
  type WatchName,
} from "./controllers.ts";
import { backupFigures } from "./backup/backup-figures.ts";
import { reconcileBackup } from "./backup/reconcile-backup.ts";
import { reconcileDataset } from "./dataset/reconcile-dataset.ts";
import { PRODUCTION } from "../workflows/cluster/cluster-place.ts";
import { guardDisks } from "./disk-guard/guard-disks.ts";
import { reconcileDatabaseServer } from "./database-server/reconcile-database-server.ts";
import { type Pause, reconcileEnvironment, type Rollouts } from "./environment/reconcile-environment.ts";
import { firstKeys } from "./first-keys.ts";
import type { Metrics } from "./metrics.ts";
import type { Log, OperatorPorts, Outcome, Reconcile } from "./operator-ports.ts";
import { scheduleCrons } from "./schedule-crons.ts";
import { reconcileSite } from "./site/reconcile-site.ts";
import { reconcileTenant } from "./tenant/reconcile-tenant.ts";
import { countUse } from "./tenant/count-use.ts";
import { watchRetention } from "./watch-retention.ts";

/** How many objects are worked on at once: a rollout waits most of the time. */
const WORKERS = 20;

/** How many of them may wait for rollouts: releases that find no room for minutes must not keep tenants, other sites and repairs waiting. */
const MOST_ROLLOUTS = 15;

/** What failed while the API server was away is tried again within so long after its return, spread over it: it has others to serve (B7). */
const HURRY_MS = 10_000;

/** What was written down is known to the watches within this. Milliseconds. */
const KNOWN_MS = 2000;

/** After an outage of the API server everything is looked at again within half a minute. */
const BACKOFF = { firstMs: 500, longestMs: 20_000 };

/** The operator's parts; operator-wiring.ts makes them. */
export interface OperatorParts {
  readonly ports: OperatorPorts;
  /** The same ports on what the watches know (`knownApi`): with them a look either finds nothing to do, or ends with `NeedsServer`. */
  readonly known: OperatorPorts;
  readonly reflectors: Stores<Reflector>;
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
  const named = WATCH_NAMES.flatMap((name) => (reflectors[name] === undefined ? [] : [[name, reflectors[name]] as const]));
  const all = named.map(([, reflector]) => reflector);
  const needed = named.filter(([name]) => !MAY_BE_UNKNOWN.has(name)).map(([, reflector]) => reflector);
  healthy({ ready: () => needed.every((reflector) => reflector.synced()) });
  const began = clock.now();
  metrics.gauge("howdah_leader", {}, () => (leadership.term === undefined ? 0 : 1));
  for (const [name, reflector] of named) {
    const resource = reflectedAs(name, reflector);
    metrics.gauge("howdah_objects", { resource }, () => reflector.objects.size);
    metrics.gauge("howdah_watch_silence_seconds", { resource }, () => silenceOf(reflector, began, clock.now()));
  }
  backupFigures(reflectors.Backup.objects, metrics, clock);
  const watching = Promise.all(all.map((reflector) => reflector.run(signal)));
  const leading = leadership.run(async (term, held) => {
    log("info", "leading", { term });
    await Promise.all(needed.map((reflector) => reflector.whenSynced()));
    log("info", "synced", Object.fromEntries(named.map(([name, reflector]) => [reflectedAs(name, reflector), reflector.objects.size])));
    await work(parts, held);
    log("info", "no longer leading", { term });
  }, signal);
  await Promise.all([watching, leading]);
}

/** Seconds; of a watch that was never heard since the start, and none where the cluster knows no such kind: nobody is to be woken up for that. */
function silenceOf({ heardAt, unknown }: Reflector, began: number, now: number): number {
  return unknown ? 0 : Math.round((now - Math.max(heardAt, began)) / 1000);
}

/** `configmaps`; of a kind with two watches the smaller one has a name of its own. */
function reflectedAs(name: WatchName, { resource }: Reflector): string {
  return resource.kind === name ? resource.plural : `${resource.plural}/${name}`;
}

type Reconcilers = Readonly<Record<ReconciledKind, Reconcile>>;

async function work(parts: OperatorParts, signal: AbortSignal): Promise<void> {
  const { reflectors, metrics, ports } = parts;
  const pauses = new Map<string, Pause>();
  const rollouts: Rollouts = { underWay: new Set(), most: MOST_ROLLOUTS };
  const reconcilers = (on: OperatorPorts): Reconcilers => ({
    Tenant: reconcileTenant(on),
    DatabaseServer: reconcileDatabaseServer(on),
    Backup: reconcileBackup(on),
    Dataset: reconcileDataset(on),
    Site: reconcileSite(on),
    Environment: reconcileEnvironment(on, pauses, rollouts),
  });
  const [glances, looks] = [reconcilers(parts.known), reconcilers(ports)];
  const queue = new WorkQueue({
    work: (key, stop) => look(key, { glances, looks }, parts, stop),
    workers: WORKERS,
    clock: parts.clock,
    random: parts.random,
    backoff: BACKOFF,
    failed: (key, error, waitMs) => {
      complain(ports.log, key, error, waitMs);
    },
  });
  for (const state of ["ready", "waiting", "running"] as const) metrics.gauge("howdah_queue_depth", { state }, () => queue.depth[state]);
  const servers = reflectors.DatabaseServer.objects;
  const views = { Namespace: reflectors.Namespace.objects, Site: reflectors.Site.objects, Tenant: reflectors.Tenant.objects };
  const { HTTPRoute } = reflectors;
  const routes: Routes = { Ingress: reflectors.Ingress.objects, ...(HTTPRoute === undefined ? {} : { HTTPRoute: HTTPRoute.objects }) };
  const forget = WATCH_NAMES.map((name) =>
    reflectors[name]?.objects.listen((keys) => {
      for (const key of keys) for (const one of affected(name, key, { ...views, ...routes })) queue.add(one);
    }),
  );
  // One watch speaks for all: each would spread the same keys anew, until they come at once after all.
  const rested = reflectors.Environment.onHeardAgain(() => {
    queue.hurry(HURRY_MS);
  });
  for (const key of firstKeys({
    ...views,
    DatabaseServer: servers,
    Backup: reflectors.Backup.objects,
    Dataset: reflectors.Dataset.objects,
    Environment: reflectors.Environment.objects,
  }))
    queue.addAfter(key, 0); // what changes goes first
  try {
    const crons = scheduleCrons({ ports, known: parts.known, reflectors }, signal);
    const look = (namespace: string): void => {
      queue.addAfter(queueKey("Environment", namespace, PRODUCTION), KNOWN_MS);
    };
    await Promise.all([
      queue.run(signal),
      crons,
      watchRetention(parts, signal),
      guardDisks({ ...parts, look }, signal),
      countUse(parts, signal),
    ]);
  } finally {
    for (const stop of [...forget, rested]) stop?.();
  }
}

/** First at what the watches know, which most often suffices; only what has to be done is decided on what the server says. */
async function look(
  key: string,
  { glances, looks }: { readonly glances: Reconcilers; readonly looks: Reconcilers },
  { metrics }: OperatorParts,
  signal: AbortSignal,
): Promise<Again> {
  const { kind, ...name } = parseQueueKey(key);
  await turn(); // what is known needs no waiting: a thousand looks must not keep the lease from being renewed
  const glanced = await glances[kind](name, signal).catch((error: unknown) => {
    if (signal.aborted) throw error;
    return undefined;
  });
  metrics.count("howdah_glances_total", { kind, result: glanced === undefined ? "look" : "enough" });
  if (glanced !== undefined) return againAfter(glanced);
  try {
    const outcome = await looks[kind](name, signal);
    metrics.count("howdah_reconciles_total", { kind, result: outcome.again === undefined ? "done" : "again" });
    return againAfter(outcome);
  } catch (error) {
    metrics.count("howdah_reconciles_total", { kind, result: "failed" });
    throw error;
  }
}

function againAfter({ again }: Outcome): Again {
  return again === undefined ? "on-change" : { afterMs: again };
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

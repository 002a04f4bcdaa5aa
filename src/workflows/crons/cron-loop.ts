import { randomBytes } from "node:crypto";
import type { Engine, EngineContext } from "../../engine/engine.ts";
import type { JobRun } from "../../engine/jobs.ts";
import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { StructuredLog } from "../../kernel/structured-log.ts";
import { type CronMark, decideDue } from "../../schedule/due.ts";
import type { CronMemory, CronOutcome, DocumentStore } from "../ports.ts";
import { cronOutcome } from "./cron-outcome.ts";
import type { PlannedCron } from "./planned-crons.ts";

/** What the scheduler is made of. */
export interface CronParts {
  readonly engine: Pick<Engine, "jobs" | "ensureAwake">;
  /** The crons of sites that serve, asked for every few seconds. One that was never healthy has none yet: its installation may be under way. */
  readonly crons: () => Promise<readonly PlannedCron[]>;
  /** Sites that are there, but whose crons `crons` could not say just then: what is remembered of them stays. Left out: there are none such. */
  readonly unsaid?: () => ReadonlySet<string>;
  readonly memory: DocumentStore<CronMemory>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

/** Runs are looked at so often; a start that is due earlier is not waited for. */
const LOOK_MS = 1000;
/** Sites are read again so often, and one that can't run its crons is asked again. */
const READ_MS = 5000;
/** Starts at once: each waits for the kernel and disks more than for a core. */
const STARTS = 6;
/** A run that has ended is kept for a command that follows it. */
const KEEP_MS = 60_000;

/** What passes by itself: a site that is down, held or being woken by a command, or whose pod is just replaced. */
const WAITED_FOR: ReadonlySet<string> = new Set(["site/down", "engine/not-ready", "machine/busy"]);

interface Scheduler extends CronParts {
  readonly known: Map<string, CronMemory>;
  readonly planned: Map<string, PlannedCron>;
  /** Sites that can't run crons for now, and when to ask again. */
  readonly waiting: Map<string, number>;
  /** Crons whose start is under way. */
  readonly starting: Set<string>;
  /** Runs that are being ended, and those whose end was written down: with the time of that. */
  readonly ending: Set<string>;
  readonly ended: Map<string, number>;
  readonly queue: (() => Promise<void>)[];
  working: number;
  readAt: number;
}

/**
 * The scheduler of a machine (in its agent) and of a cluster (in its operator): starts what is due, ends what runs too long, remembers how it
 * went. Before a start it writes down that the time is dealt with, so that a kill at any point never makes a second start; runs belong to the
 * engine and outlive this loop.
 */
export async function cronLoop(parts: CronParts): Promise<void> {
  const self: Scheduler = {
    ...parts,
    known: new Map(),
    planned: new Map(),
    waiting: new Map(),
    starting: new Set(),
    ending: new Set(),
    ended: new Map(),
    queue: [],
    working: 0,
    readAt: Number.NEGATIVE_INFINITY,
  };
  while (!parts.signal.aborted) {
    let pause = READ_MS;
    try {
      pause = await look(self);
    } catch (error) {
      if (!parts.signal.aborted) parts.log(trouble("crons could not be looked after", error));
    }
    await parts.clock.sleep(pause, parts.signal).catch(() => undefined);
  }
}

/** One look. Answers the milliseconds until the next. */
async function look(self: Scheduler): Promise<number> {
  const now = self.clock.now();
  if (Math.abs(now - self.readAt) >= READ_MS) await readCrons(self, now);
  const runs = await self.engine.jobs.list();
  const busy = Map.groupBy(
    runs.filter((run) => run.state.is === "running"),
    (run) => `${run.namespace}.${run.name}`,
  );
  let next = now + LOOK_MS;
  for (const cron of self.planned.values()) {
    await startWhenDue(self, cron, { now, running: (busy.get(cron.key)?.length ?? 0) + (self.starting.has(cron.key) ? 1 : 0) });
    const due = self.known.get(cron.key)?.mark.next ?? null;
    if (due !== null && due > now) next = Math.min(next, due);
  }
  for (const run of runs) await lookAfter(self, run, now);
  return next - now;
}

async function readCrons(self: Scheduler, now: number): Promise<void> {
  if (self.readAt === Number.NEGATIVE_INFINITY) {
    for (const one of await self.memory.list()) self.known.set(`${one.namespace}.${one.cron}`, one);
  }
  const crons = await self.crons();
  self.planned.clear();
  for (const cron of crons) self.planned.set(cron.key, cron);
  const unsaid = self.unsaid?.() ?? new Set();
  for (const [key, { namespace }] of self.known) {
    if (self.planned.has(key) || unsaid.has(namespace)) continue;
    self.known.delete(key);
    await self.memory.remove(key);
  }
  self.waiting.clear();
  self.readAt = now;
}

/** Ends a run that takes too long, writes down how one ended, and forgets it when nobody can be following it any more. */
async function lookAfter(self: Scheduler, run: JobRun, now: number): Promise<void> {
  const outcome = cronOutcome(run);
  if (outcome === undefined) {
    if (run.state.is === "running" && run.state.elapsedMs > run.timeoutSeconds * 1000) end(self, run);
    return;
  }
  const since = self.ended.get(run.id);
  if (since === undefined) {
    self.ended.set(run.id, now);
    await remember(self, `${run.namespace}.${run.name}`, outcome);
  } else if (Math.abs(now - since) > KEEP_MS) {
    await self.engine.jobs.forget(run.id);
    self.ended.delete(run.id);
  }
}

function end(self: Scheduler, run: JobRun): void {
  if (self.ending.has(run.id)) return;
  self.ending.add(run.id);
  void self.engine.jobs
    .stop(run.id, `it ran longer than its timeout of ${run.timeoutSeconds} seconds`)
    .catch((error: unknown) => {
      self.log(trouble("a cron could not be ended", error, { site: run.namespace, cron: run.name }));
    })
    .finally(() => self.ending.delete(run.id));
}

/** Writes an outcome down. Said in the log only when it is another than before: a cron that fails each minute fails in one line. */
async function remember(self: Scheduler, key: string, outcome: CronOutcome): Promise<void> {
  const before = self.known.get(key);
  if (before === undefined || before.last?.run === outcome.run) return;
  if (outcome.result !== (before.last?.result ?? "succeeded")) {
    const level = outcome.result === "succeeded" ? "info" : "warning";
    const { result, exitCode, why } = outcome;
    self.log({ level, msg: "a cron ended otherwise than before", site: before.namespace, cron: before.cron, result, exitCode, why });
  }
  await keep(self, key, { ...before, last: outcome });
}

async function keep(self: Scheduler, key: string, memory: CronMemory): Promise<void> {
  self.known.set(key, memory);
  await self.memory.put(key, memory);
}

async function startWhenDue(self: Scheduler, cron: PlannedCron, seen: { readonly now: number; readonly running: number }): Promise<void> {
  const known = self.known.get(cron.key);
  const { due, mark } = decideDue(cron.rules, known?.mark ?? undefined, seen); // null: somebody wrote the memory by hand
  const memory: CronMemory = {
    namespace: cron.namespace,
    cron: cron.cron.name,
    mark,
    last: known?.last ?? null,
    left: known?.left ?? null,
  };
  if (due.do === "nothing") {
    if (mark !== known?.mark) await keep(self, cron.key, memory);
  } else if (self.waiting.has(cron.namespace)) {
    return; // not dealt with: when the site can run it, it is late or missed
  } else if (due.do === "skip") {
    const because = due.because === "missed" ? "it was missed, too long ago" : "the former run still went on";
    await keep(self, cron.key, { ...memory, left: { planned: new Date(due.planned).toISOString(), because } });
  } else {
    self.known.set(cron.key, memory); // decided: the next look must not decide it again
    self.starting.add(cron.key);
    enqueue(self, () => start(self, cron, { memory, planned: due.planned, former: known?.mark }));
  }
}

/** At most so many at once, in the order in which they were due. */
function enqueue(self: Scheduler, work: () => Promise<void>): void {
  self.queue.push(work);
  if (self.working >= STARTS) return;
  self.working += 1;
  void (async () => {
    for (let next = self.queue.shift(); next !== undefined && !self.signal.aborted; next = self.queue.shift()) await next();
    self.working -= 1;
  })();
}

/** Never fails: what went wrong is written down. */
async function start(
  self: Scheduler,
  cron: PlannedCron,
  due: { readonly memory: CronMemory; readonly planned: number; readonly former: CronMark | undefined },
): Promise<void> {
  const context: EngineContext = { emit: () => undefined, signal: self.signal };
  const id = randomBytes(12).toString("hex");
  const { name, argv, timeoutSeconds } = cron.cron;
  const startedAt = new Date(self.clock.now()).toISOString();
  try {
    await self.engine.ensureAwake(cron.namespace, context);
    await self.memory.put(cron.key, self.known.get(cron.key) ?? due.memory);
    const request = { id, name, argv, env: { HOWDAH_CRON: name }, timeoutSeconds, planned: due.planned };
    await self.engine.jobs.start(cron.target, request, context);
  } catch (error) {
    if (self.signal.aborted) return;
    if (error instanceof HowdahError && WAITED_FOR.has(error.code)) {
      self.waiting.set(cron.namespace, self.clock.now());
      if (due.former !== undefined) await put(self, cron.key, { ...(self.known.get(cron.key) ?? due.memory), mark: due.former });
      return;
    }
    const why = error instanceof Error ? error.message : String(error);
    const planned = new Date(due.planned).toISOString();
    await remember(self, cron.key, { run: id, planned, startedAt, seconds: null, exitCode: null, result: "not started", why }).catch(
      () => undefined,
    );
  } finally {
    self.starting.delete(cron.key);
  }
}

/** A full disk must not end the scheduler: what is in memory counts until the next start. */
async function put(self: Scheduler, key: string, memory: CronMemory): Promise<void> {
  await keep(self, key, memory).catch((error: unknown) => {
    self.log(trouble("what is known of a cron could not be written", error, { cron: key }));
  });
}

function trouble(msg: string, error: unknown, more: Readonly<Record<string, unknown>> = {}): Parameters<StructuredLog>[0] {
  if (error instanceof HowdahError) return { level: "error", msg, code: error.code, error: error.message, ...more };
  return { level: "error", msg, code: "bug", stack: error instanceof Error ? error.stack : String(error), ...more };
}

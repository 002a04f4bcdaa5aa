import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { StructuredLog } from "../../kernel/structured-log.ts";
import { decideDue } from "../../schedule/due.ts";
import type { EngineContext } from "../ports.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackupRecord, ScheduleDocument } from "./backup-record.ts";
import { formerParts } from "./binlog/archive-parts.ts";
import { boundBinlogs, needsBound, shipBinlogs } from "./binlog/ship-binlogs.ts";
import { deleteBackups } from "./delete-backups.ts";
import { listBackups } from "./find-backup.ts";
import { noLongerKept } from "./retention.ts";
import { scheduleOf } from "./schedules.ts";
import { findStore, openStore } from "./stores.ts";
import { takeBackup } from "./take-backup.ts";
import { verifyBackup } from "./verify-backup.ts";

/** What the loop is made of. */
export interface BackupLoopParts {
  readonly ports: BackupPorts;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

const LOOK_MS = 5000;
/** At most so long, and a few seconds of shipping, is lost with a machine: under a minute. */
const SHIP_MS = 45_000;
/** A bound in bytes is looked after on servers that nobody ships from, too. */
const BOUND_MS = 60_000;
/** A backup that a machine slept through is made up within a day. */
const MISSED_MS = 24 * 60 * 60_000;

/** Backs up what is due, one after another; each is proved by restoring before anything older is deleted. Ends with the signal. */
export async function backupLoop(parts: BackupLoopParts): Promise<void> {
  while (!parts.signal.aborted) {
    for (const schedule of await parts.ports.backups.schedules.list().catch(() => [])) {
      if (parts.signal.aborted) return;
      await lookAt(schedule, parts).catch((error: unknown) => tell(parts, "a schedule could not be looked at", error, schedule.namespace));
    }
    await parts.clock.sleep(LOOK_MS, parts.signal).catch(() => undefined);
  }
}

async function lookAt(schedule: ScheduleDocument, parts: BackupLoopParts): Promise<void> {
  const { ports, clock } = parts;
  const rules = { schedule: scheduleOf(schedule.namespace, schedule.schedule), overlap: "skip", missedWithin: MISSED_MS } as const;
  const { due, mark } = decideDue(rules, schedule.mark ?? undefined, { now: clock.now(), running: 0 });
  if (due.do === "nothing" && mark === schedule.mark) return;
  await ports.backups.schedules.put(schedule.namespace, { ...schedule, mark }); // before: a kill makes no second one
  if (due.do !== "start") return;
  const { id, failure } = await backUp(schedule, parts);
  const now = await ports.backups.schedules.get(schedule.namespace);
  const last = { id, at: new Date(clock.now()).toISOString(), failure };
  if (now !== undefined) await ports.backups.schedules.put(schedule.namespace, { ...now, last });
}

/** Never fails: what went wrong is written down and said. */
async function backUp(schedule: ScheduleDocument, parts: BackupLoopParts): Promise<{ id: string | null; failure: string | null }> {
  const { ports, signal, log } = parts;
  const { namespace } = schedule;
  const context: EngineContext = { signal, emit: () => undefined };
  let made: BackupRecord | undefined;
  try {
    const record = await ports.records.get(namespace);
    if (record === undefined) return { id: null, failure: "the site is gone" };
    made = await takeBackup(record, { store: await findStore(schedule.store, ports), why: "schedule" }, ports, context);
    const { verified } = await verifyBackup(record, made, ports, context);
    log({ level: "info", msg: "backed up, and proved by restoring", site: namespace, backup: made.id, seconds: verified?.seconds });
    await clean(schedule, parts);
    return { id: made.id, failure: null };
  } catch (error) {
    tell(parts, made === undefined ? "a backup failed" : "a backup could not be proved by restoring", error, namespace);
    return { id: made?.id ?? null, failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Deletes what the schedule no longer keeps, what failed long ago, and binlogs' former parts. */
async function clean(schedule: ScheduleDocument, { ports, signal, clock }: BackupLoopParts): Promise<void> {
  const all = await listBackups(schedule.namespace, ports);
  const its = all.filter(({ state, why, store }) => state === "done" && why === "schedule" && store === schedule.store);
  const gone = new Set(
    noLongerKept(
      its.map(({ id, startedAt, verified }) => ({ id, startedAt, verified: verified?.equal === true })),
      schedule.keep,
    ),
  );
  const old = new Date(clock.now() - 7 * MISSED_MS).toISOString();
  const failed = all.filter(({ state, startedAt }) => state === "failed" && startedAt < old);
  await deleteBackups([...all.filter(({ id }) => gone.has(id)), ...failed], ports, signal);
  const repository = await openStore(await findStore(schedule.store, ports), ports);
  for (const archive of await ports.backups.archives.list())
    if (archive.store === schedule.store) await repository.forget(await formerParts(archive, repository, signal), { prune: false }, signal);
}

/** Ships the binlogs of servers whose sites have a schedule, every 45 seconds; keeps older servers' below their bound. */
export async function binlogLoop(parts: BackupLoopParts): Promise<void> {
  const { ports, clock, signal } = parts;
  let boundedAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const began = clock.now();
    await shipAll(parts).catch((error: unknown) => tell(parts, "binlogs could not be shipped", error));
    if (clock.now() - boundedAt >= BOUND_MS) {
      boundedAt = clock.now();
      const context: EngineContext = { signal, emit: () => undefined };
      // One that is down just now, or has no binlog yet, writes none.
      for (const server of await boundedServers(ports)) await boundBinlogs(server, ports, context).catch(() => undefined);
    }
    await clock.sleep(Math.max(1000, SHIP_MS - (clock.now() - began)), signal).catch(() => undefined);
  }
}

/** Servers of Howdah's own that sites of this machine are on, and that don't keep the bound themselves. */
async function boundedServers(ports: BackupPorts): Promise<readonly string[]> {
  const records = await ports.records.list();
  const own = records.flatMap(({ database }) => (database === null || database.client !== undefined ? [] : [database.server]));
  return [...new Set(own)].filter(needsBound);
}

async function shipAll(parts: BackupLoopParts): Promise<void> {
  const { ports, signal, clock } = parts;
  const stores = new Map<string, string>();
  for (const { namespace, store } of await ports.backups.schedules.list()) {
    const database = (await ports.records.get(namespace))?.database ?? null;
    if (database !== null && database.client === undefined && !stores.has(database.server)) stores.set(database.server, store);
  }
  for (const [server, store] of stores) {
    try {
      const ship = () => shipBinlogs(server, store, ports, { signal, emit: () => undefined });
      await ports.locks.hold("binlogs_", "agent", ship);
    } catch (error) {
      if (signal.aborted || (error instanceof HowdahError && error.code === "machine/busy")) continue;
      await remember(server, error, ports);
      tell(parts, "binlogs could not be shipped", error, server);
    }
    await clock.sleep(0, signal).catch(() => undefined);
  }
}

async function remember(server: string, error: unknown, ports: BackupPorts): Promise<void> {
  const known = await ports.backups.archives.get(server);
  const failure = error instanceof Error ? error.message : String(error);
  if (known !== undefined) await ports.backups.archives.put(server, { ...known, failure });
}

function tell({ log, signal }: BackupLoopParts, msg: string, error: unknown, site?: string): void {
  if (signal.aborted) return;
  const named =
    error instanceof HowdahError ? { code: error.code, error: error.message, output: error.output.slice(-5) } : { error: String(error) };
  log({ level: "error", msg, site, ...named });
}

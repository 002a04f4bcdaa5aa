import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { StructuredLog } from "../../kernel/structured-log.ts";
import { decideDue } from "../../schedule/due.ts";
import type { EngineContext } from "../ports.ts";
import type { BackupPorts, ServerBackupPorts } from "./backup-ports.ts";
import type { BackupRecord, ScheduleDocument } from "./backup-record.ts";
import { boundBinlogs, cleanSpool, needsBound, shipBinlogs } from "./binlog/ship-binlogs.ts";
import { cleanSchedule, cleanServerSchedule, cleanTraces } from "./clean-up.ts";
import { scheduleOf } from "./schedules.ts";
import type { ServerBackup } from "./server/server-backup.ts";
import { takeServerBackup } from "./server/take-server-backup.ts";
import { verifyServerBackup } from "./server/verify-server-backup.ts";
import { findStore } from "./stores.ts";
import { takeBackup } from "./take-backup.ts";
import { verifyBackup } from "./verify-backup.ts";
import { ownPlaceOf } from "../up/database-server.ts";

/** What the loop is made of. */
export interface BackupLoopParts {
  readonly ports: ServerBackupPorts;
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

/** What no schedule counts is looked through so often. */
const TRACES_MS = 60 * 60_000;

/** Backs up what is due, one after another; each is proved by restoring before anything older is deleted. Ends with the signal. */
export async function backupLoop(parts: BackupLoopParts): Promise<void> {
  const { ports, clock, signal } = parts;
  const { schedules, serverSchedules } = ports.backups;
  let cleanedAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    await lookAtAll({ documents: schedules, backUp: (one) => backUp(one, parts) }, parts);
    await lookAtAll({ documents: serverSchedules, backUp: (one) => backUpServer(one, parts) }, parts);
    if (clock.now() - cleanedAt >= TRACES_MS) {
      cleanedAt = clock.now();
      await cleanTraces(ports, signal).catch((error: unknown) => tell(parts, "old backups could not be deleted", error));
    }
    await clock.sleep(LOOK_MS, signal).catch(() => undefined);
  }
}

/** Of sites, or of whole servers. */
interface Scheduled {
  readonly documents: BackupPorts["backups"]["schedules"];
  /** Never fails: what went wrong is written down and said. */
  readonly backUp: (schedule: ScheduleDocument) => Promise<Ended>;
}

interface Ended {
  readonly id: string | null;
  readonly failure: string | null;
}

async function lookAtAll(of: Scheduled, parts: BackupLoopParts): Promise<void> {
  for (const schedule of await of.documents.list().catch(() => [])) {
    if (parts.signal.aborted) return;
    await lookAt(schedule, of, parts).catch((error: unknown) =>
      tell(parts, "a schedule could not be looked at", error, schedule.namespace),
    );
  }
}

async function lookAt(schedule: ScheduleDocument, { documents, backUp }: Scheduled, { clock }: BackupLoopParts): Promise<void> {
  const rules = { schedule: scheduleOf(schedule.namespace, schedule.schedule), overlap: "skip", missedWithin: MISSED_MS } as const;
  const { due, mark } = decideDue(rules, schedule.mark ?? undefined, { now: clock.now(), running: 0 });
  if (due.do === "nothing" && mark === schedule.mark) return;
  await documents.put(schedule.namespace, { ...schedule, mark }); // before: a kill makes no second one
  if (due.do !== "start") return;
  const ended = await backUp(schedule);
  const now = await documents.get(schedule.namespace);
  const last = { ...ended, at: new Date(clock.now()).toISOString() };
  if (now !== undefined) await documents.put(schedule.namespace, { ...now, last });
}

async function backUp(schedule: ScheduleDocument, parts: BackupLoopParts): Promise<Ended> {
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
    await cleanSchedule(schedule, "proved", ports, signal);
    return { id: made.id, failure: null };
  } catch (error) {
    tell(parts, made === undefined ? "a backup failed" : "a backup could not be proved by restoring", error, namespace);
    if (made !== undefined) await cleanSchedule(schedule, "fails", ports, signal).catch(() => undefined);
    return { id: made?.id ?? null, failure: error instanceof Error ? error.message : String(error) };
  }
}

async function backUpServer(schedule: ScheduleDocument, parts: BackupLoopParts): Promise<Ended> {
  const { ports, signal, log } = parts;
  const { namespace: server } = schedule;
  const context: EngineContext = { signal, emit: () => undefined };
  let made: ServerBackup | undefined;
  try {
    made = await takeServerBackup({ server, store: await findStore(schedule.store, ports), why: "schedule" }, ports, context);
    const { verified } = await verifyServerBackup(made, ports, context);
    log({ level: "info", msg: "a server was backed up, and proved by restoring", server, backup: made.id, seconds: verified?.seconds });
    await cleanServerSchedule(schedule, "proved", ports, signal);
    return { id: made.id, failure: null };
  } catch (error) {
    tell(
      parts,
      made === undefined ? "a backup of a server failed" : "a backup of a server could not be proved by restoring",
      error,
      server,
    );
    if (made !== undefined) await cleanServerSchedule(schedule, "fails", ports, signal).catch(() => undefined);
    return { id: made?.id ?? null, failure: error instanceof Error ? error.message : String(error) };
  }
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
      await cleanSpools(parts).catch((error: unknown) => tell(parts, "binlogs that nobody needs could not be deleted", error));
    }
    await clock.sleep(Math.max(1000, SHIP_MS - (clock.now() - began)), signal).catch(() => undefined);
  }
}

/** Of servers whose schedules have ended: what waits here for them, and in the store, would stay for good. */
async function cleanSpools({ ports, signal }: BackupLoopParts): Promise<void> {
  const shipped = await shippedServers(ports);
  for (const archive of await ports.backups.archives.list())
    if (!shipped.has(archive.server)) await ports.locks.hold("binlogs_", "agent", () => cleanSpool(archive, ports, signal));
}

/** Servers of Howdah's own that sites of this machine are on, and that don't keep the bound themselves. */
async function boundedServers(ports: BackupPorts): Promise<readonly string[]> {
  const records = await ports.records.list();
  const own = records.flatMap(({ database }) => (database === null || database.client !== undefined ? [] : [database.server]));
  return [...new Set(own)].filter((server) => ownPlaceOf(server) === undefined && needsBound(server)); // an environment's keeps none
}

async function shipAll(parts: BackupLoopParts): Promise<void> {
  const { ports, signal, clock } = parts;
  for (const [server, store] of await shippedServers(ports)) {
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

/** Servers with a schedule, or with a site that has one, and the store that their binlogs go to. */
async function shippedServers(ports: BackupPorts): Promise<ReadonlyMap<string, string>> {
  const stores = new Map<string, string>();
  for (const { namespace, store } of await ports.backups.schedules.list()) {
    const database = (await ports.records.get(namespace))?.database ?? null;
    if (database !== null && database.client === undefined && !stores.has(database.server)) stores.set(database.server, store);
  }
  for (const { namespace: server, store } of await ports.backups.serverSchedules.list()) if (!stores.has(server)) stores.set(server, store);
  return stores;
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

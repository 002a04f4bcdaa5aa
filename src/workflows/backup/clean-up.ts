import type { BackupPorts } from "./backup-ports.ts";
import type { ScheduleDocument } from "./backup-record.ts";
import { formerParts } from "./binlog/archive-parts.ts";
import { deleteBackups } from "./delete-backups.ts";
import { listBackups } from "./find-backup.ts";
import { noLongerKept, oldTraces, unprovedNoLongerKept } from "./retention.ts";
import { deleteServerBackups, listServerBackups } from "./server/find-server-backup.ts";
import { findStore, openStore } from "./stores.ts";

/** Whether the newest backup was proved by restoring: until one is, none that was goes. */
export type Proving = "proved" | "fails";

/** Deletes a site's backups that its schedule no longer keeps, and binlogs' former parts. */
export async function cleanSchedule(schedule: ScheduleDocument, proving: Proving, ports: BackupPorts, signal: AbortSignal): Promise<void> {
  const its = (await listBackups(schedule.namespace, ports)).filter((one) => isOf(schedule, one));
  const gone = goneOf(its, schedule, proving);
  await deleteBackups(
    its.filter(({ id }) => gone.has(id)),
    ports,
    signal,
  );
  const repository = await openStore(await findStore(schedule.store, ports), ports);
  for (const archive of await ports.backups.archives.list())
    if (archive.store === schedule.store) await repository.forget(await formerParts(archive, repository, signal), { prune: false }, signal);
}

/** The same of a whole server's. */
export async function cleanServerSchedule(
  schedule: ScheduleDocument,
  proving: Proving,
  ports: BackupPorts,
  signal: AbortSignal,
): Promise<void> {
  const its = (await listServerBackups(schedule.namespace, ports)).filter((one) => isOf(schedule, one));
  const gone = goneOf(its, schedule, proving);
  await deleteServerBackups(
    its.filter(({ id }) => gone.has(id)),
    ports,
    signal,
  );
}

/** Deletes what no schedule counts and nobody needs after a week: also of sites without a schedule. */
export async function cleanTraces(ports: BackupPorts, signal: AbortSignal): Promise<void> {
  const now = ports.clock.now();
  const [sites, servers] = [await listBackups(undefined, ports), await listServerBackups(undefined, ports)];
  await deleteBackups(oldTraces(sites, now), ports, signal);
  await deleteServerBackups(oldTraces(servers, now), ports, signal);
}

interface Made {
  readonly id: string;
  readonly why: string;
  readonly state: string;
  readonly store: string;
  readonly startedAt: string;
  readonly verified: { readonly equal: boolean } | null;
}

function isOf(schedule: ScheduleDocument, { state, why, store }: Made): boolean {
  return state === "done" && why === "schedule" && store === schedule.store;
}

function goneOf(backups: readonly Made[], { keep }: ScheduleDocument, proving: Proving): ReadonlySet<string> {
  const choose = proving === "proved" ? noLongerKept : unprovedNoLongerKept;
  return new Set(
    choose(
      backups.map(({ id, startedAt, verified }) => ({ id, startedAt, verified: verified?.equal === true })),
      keep,
    ),
  );
}

import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { StructuredLog } from "../../kernel/structured-log.ts";
import { decideDue } from "../../schedule/due.ts";
import { activeRecords } from "../tenant/tenant.ts";
import type { EngineContext, SiteRecord } from "../ports.ts";
import { breedSite } from "./breed-site.ts";
import type { DatasetPorts, DatasetSchedule } from "./dataset-ports.ts";
import { forgottenSites, reapForgotten } from "./reap-forgotten.ts";
import { recoverBreeds } from "./recover-breeds.ts";
import { datasetSchedule, readDatasetSchedule } from "./schedule-dataset.ts";

/** What the loop is made of. */
export interface DatasetLoopParts {
  readonly ports: DatasetPorts;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

const LOOK_MS = 5000;
/** A breed that a machine slept through is made up within a day. */
const MISSED_MS = 24 * 60 * 60_000;
/** How often breeds that were cut off are looked for; the first time at once. */
const RECOVER_MS = 60_000;
/** How often all of the storage is looked through for raw data that no breed works on: it is mounted for that. */
const LOOK_THROUGH_MS = 60 * 60_000;

/** Breeds what is due, one after another, and never leaves raw data of a breed that was cut off. Ends with the signal. */
export async function datasetLoop(parts: DatasetLoopParts): Promise<void> {
  const { ports, clock, signal } = parts;
  let [recoveredAt, lookedAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  while (!signal.aborted) {
    if (clock.now() - recoveredAt >= RECOVER_MS) {
      recoveredAt = clock.now();
      const all = clock.now() - lookedAt >= LOOK_THROUGH_MS;
      if (all) lookedAt = clock.now();
      await recover(parts, all).catch((error: unknown) => tell(parts, "raw data of breeds could not be looked for", error));
    }
    for (const record of await activeRecords(ports).catch(() => [])) {
      if (signal.aborted) break;
      if (record.site.preview !== undefined) continue; // an environment has its site's rules, and its data
      await lookAt(record, parts).catch((error: unknown) =>
        tell(parts, "a dataset's schedule could not be looked at", error, record.namespace),
      );
    }
    await clock.sleep(LOOK_MS, signal).catch(() => undefined);
  }
}

/** A machine without a storage of datasets has none to look after. */
async function recover({ ports, clock, log }: DatasetLoopParts, all: boolean): Promise<void> {
  // A container that podman was asked for comes up after its breed was killed, and after whoever swept at once: each look takes such ones away.
  if ((await ports.datasets.generations.list()).length > 0) await ports.datasets.servers.sweep();
  const forgotten = await forgottenSites(ports);
  if (!all && forgotten.length === 0 && (await ports.datasets.journals.list()).length === 0) return;
  const storage = await ports.datasetStorage.existing();
  if (storage === undefined) return;
  const isProcessAlive = (identity: string): Promise<boolean> => ports.machine.isProcessAlive(identity);
  const { breeds, raw, overdue } = await recoverBreeds({ ...ports.datasets, locks: ports.locks, storage, clock, isProcessAlive });
  for (const breed of breeds) log({ level: "info", msg: "a breed that was cut off was ended", breed });
  for (const dataset of await reapForgotten(forgotten, { ...ports, storage }))
    log({ level: "info", msg: "a dataset of a site that is gone was destroyed", dataset });
  for (const volume of raw) log({ level: "warning", msg: "raw data that nobody worked on was destroyed", volume });
  for (const volume of overdue)
    log({ level: "warning", msg: "raw data is two days old, and what works on its site's dataset does not end", volume });
}

async function lookAt(record: SiteRecord, parts: DatasetLoopParts): Promise<void> {
  const { ports, clock } = parts;
  const found = await datasetSchedule(record.site, record.namespace, ports);
  if (found?.schedule === null || found === undefined) return;
  const rules = { schedule: readDatasetSchedule(record.namespace, found.schedule), overlap: "skip", missedWithin: MISSED_MS } as const;
  const { due, mark } = decideDue(rules, found.mark ?? undefined, { now: clock.now(), running: 0 });
  const { schedules } = ports.datasets;
  if (due.do === "nothing" && mark === found.mark) {
    if ((await schedules.get(record.namespace)) === undefined) await schedules.put(record.namespace, found);
    return;
  }
  await schedules.put(record.namespace, { ...found, mark }); // before: a kill makes no second one
  if (due.do !== "start") return;
  const last = await breed(record, parts);
  const now: DatasetSchedule = (await schedules.get(record.namespace)) ?? found;
  await schedules.put(record.namespace, { ...now, last: { ...last, at: new Date(clock.now()).toISOString() } });
}

async function breed(
  record: SiteRecord,
  parts: DatasetLoopParts,
): Promise<{ readonly generation: string | null; readonly failure: string | null }> {
  const context: EngineContext = { signal: parts.signal, emit: () => undefined };
  try {
    const { id } = await breedSite(record, { from: "site" }, parts.ports, context);
    parts.log({ level: "info", msg: "a dataset was bred", site: record.namespace, generation: id });
    return { generation: id, failure: null };
  } catch (error) {
    tell(parts, "a dataset could not be bred", error, record.namespace);
    return { generation: null, failure: error instanceof Error ? error.message : String(error) };
  }
}

function tell({ log, signal }: DatasetLoopParts, msg: string, error: unknown, site?: string): void {
  if (signal.aborted) return;
  const code = error instanceof HowdahError ? error.code : undefined;
  const words = error instanceof Error ? error.message : String(error);
  log({ level: "warning", msg, ...(site === undefined ? {} : { site }), ...(code === undefined ? {} : { code }), error: words });
}

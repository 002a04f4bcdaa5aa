import { HowdahError } from "../../kernel/howdah-error.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { DatasetSpec, DatasetStatus } from "../../resources/schema/dataset.ts";
import { decideDue } from "../../schedule/due.ts";
import { readSchedule, type Schedule } from "../../schedule/schedule.ts";

/** Annotations of a Dataset whose change asks for something: any new value asks again. */
export const DATASET_ASKS = {
  /** A new generation, now. */
  breed: `${LABEL_PREFIX}/breed`,
  /** `g3,g4`, `all`, or either with `/ANYTHING` behind: these go for good. */
  delete: `${LABEL_PREFIX}/delete-datasets`,
} as const;

/** What a look decides, and what it remembers with it. */
export interface DatasetDecision {
  /** Why a breed begins now; undefined: none does. */
  readonly breed: "schedule" | "asked" | undefined;
  readonly remove: { readonly asked: string; readonly ids: readonly string[] | "all" } | undefined;
  readonly mark: DatasetStatus["mark"];
  readonly next: number | undefined;
  readonly asked: DatasetStatus["asked"];
}

/** A breed that nobody was there for is made up within a day. */
const MISSED_MS = 24 * 60 * 60_000;

/** The schedule of a Dataset; its own goes before its Site's. Error: `usage/invalid` with what is wrong. */
export function scheduleOfDataset(
  { schedule, timeZone, suspend }: DatasetSpec,
  ofSite: string | undefined,
  namespace: string,
): Schedule | undefined {
  const text = schedule ?? ofSite;
  if (text === undefined || suspend) return undefined;
  const read = readSchedule(text, { site: namespace, cron: "howdah-dataset", timeZone });
  if ("schedule" in read) return read.schedule;
  throw new HowdahError(
    "usage/invalid",
    `${schedule === undefined ? "spec.dataset.schedule of the Site" : "spec.schedule"}: ${read.problem}`,
  );
}

/** Decides what a Dataset begins now; a wish goes before what is due, a deletion before a breed. What is answered is written down before it is begun. */
export function decideDataset(
  schedule: Schedule | undefined,
  status: Partial<DatasetStatus>,
  annotations: Readonly<Record<string, string>>,
  now: number,
): DatasetDecision {
  const { mark: former } = status;
  const known = stillThere(status.asked, annotations);
  const due = dueNow(schedule, former, now);
  const base = { breed: undefined, remove: undefined, mark: former, next: due.next, asked: known };
  const [gone, wish] = [annotations[DATASET_ASKS.delete], annotations[DATASET_ASKS.breed]];
  if (gone !== undefined && gone !== known?.delete) {
    const names = gone.split("/")[0] ?? "";
    const ids = names === "all" ? "all" : names.split(",").slice(0, 100);
    return { ...base, remove: { asked: gone, ids }, asked: { ...known, delete: gone } };
  }
  if (wish !== undefined && wish !== known?.breed) return { ...base, breed: "asked", asked: { ...known, breed: wish } };
  return { ...base, mark: due.mark, breed: due.starts ? "schedule" : undefined };
}

/** An annotation that was taken away is forgotten: the same value may ask again. */
function stillThere(asked: DatasetStatus["asked"], annotations: Readonly<Record<string, string>>): DatasetStatus["asked"] {
  const left = Object.entries(asked ?? {}).filter(([what]) => annotations[DATASET_ASKS[what as keyof typeof DATASET_ASKS]] !== undefined);
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

interface Due {
  readonly starts: boolean;
  readonly mark: DatasetStatus["mark"];
  readonly next: number | undefined;
}

function dueNow(schedule: Schedule | undefined, mark: DatasetStatus["mark"], now: number): Due {
  if (schedule === undefined) return { starts: false, mark: undefined, next: undefined };
  const known = mark === undefined ? undefined : { ...mark, next: schedule.next(mark.handled) ?? null };
  const decided = decideDue({ schedule, overlap: "skip", missedWithin: MISSED_MS }, known, { now, running: 0 });
  const { schedule: text, handled, next } = decided.mark;
  return { starts: decided.due.do === "start", mark: { schedule: text, handled }, next: next ?? undefined };
}

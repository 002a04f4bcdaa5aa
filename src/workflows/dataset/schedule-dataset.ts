import { HowdahError } from "../../kernel/howdah-error.ts";
import { decideDue } from "../../schedule/due.ts";
import { readSchedule, type Schedule } from "../../schedule/schedule.ts";
import type { Site } from "../../site/site.ts";
import type { Ports } from "../ports.ts";
import type { Datasets, DatasetSchedule } from "./dataset-ports.ts";

/** The name that a dataset's schedule has among crons: `H` is a number of its own. */
const CRON = "howdah-dataset";

type SchedulePorts = Pick<Ports, "clock"> & { readonly datasets: Pick<Datasets, "schedules"> };

/** Sets when a site's dataset is bred, whatever its site file says; null: never. Error: `usage/invalid`. */
export async function setDatasetSchedule(site: string, schedule: string | null, ports: SchedulePorts): Promise<DatasetSchedule> {
  const former = await ports.datasets.schedules.get(site);
  const mark = schedule === null ? null : markOf(site, schedule, ports);
  const document: DatasetSchedule = { site, schedule, from: "command", mark, last: former?.last ?? null };
  await ports.datasets.schedules.put(site, document);
  return document;
}

/** What counts for a site now: what a person said, else its site file; undefined: nobody said anything. The mark of another schedule is not kept. */
export async function datasetSchedule(site: Site, namespace: string, ports: SchedulePorts): Promise<DatasetSchedule | undefined> {
  const known = await ports.datasets.schedules.get(namespace);
  if (known?.from === "command") return known;
  const schedule = site.dataset?.schedule;
  if (schedule === undefined) return undefined;
  if (known?.schedule === schedule) return known;
  return { site: namespace, schedule, from: "file", mark: markOf(namespace, schedule, ports), last: known?.last ?? null };
}

function markOf(site: string, text: string, { clock }: Pick<Ports, "clock">): DatasetSchedule["mark"] {
  const rules = { schedule: readDatasetSchedule(site, text), overlap: "skip", missedWithin: 0 } as const;
  return decideDue(rules, undefined, { now: clock.now(), running: 0 }).mark;
}

/** A schedule's text, read. Error: `usage/invalid` with what is wrong. */
export function readDatasetSchedule(site: string, text: string): Schedule {
  const read = readSchedule(text, { site, cron: CRON, timeZone: "UTC" });
  if ("schedule" in read) return read.schedule;
  throw new HowdahError("usage/invalid", `${JSON.stringify(text)} is no schedule: ${read.problem}`);
}

import type { Target } from "../../engine/engine.ts";
import type { CronRules } from "../../schedule/due.ts";
import { readSchedule } from "../../schedule/schedule.ts";
import type { Cron } from "../../site/site.ts";
import { phpTarget } from "../php-target.ts";
import type { SiteRecord } from "../ports.ts";

/** Of a site what its crons need. */
export type CronSite = Pick<SiteRecord, "site" | "namespace">;

/** A cron of a site that runs here, ready to be decided about and started. */
export interface PlannedCron {
  /** Document name of what is remembered of it. */
  readonly key: string;
  readonly namespace: string;
  readonly cron: Cron;
  readonly rules: CronRules;
  readonly target: Target;
}

/** A record's crons with their schedules read. The rules let no schedule through that can't be read; one that an older Howdah took is left out. */
export function plannedCrons(record: CronSite): PlannedCron[] {
  const { site, namespace } = record;
  if (site.runtime === null) return [];
  const target = phpTarget(site, namespace);
  return site.crons.flatMap((cron) => {
    const read = readSchedule(cron.schedule, { site: namespace, cron: cron.name, timeZone: cron.timeZone });
    if ("problem" in read) return [];
    const rules = { schedule: read.schedule, overlap: cron.overlap, missedWithin: cron.missedSeconds * 1000 };
    return [{ key: cronKey(namespace, cron.name), namespace, cron, rules, target }];
  });
}

/** Where a cron is remembered: neither name holds a dot. */
export function cronKey(namespace: string, cron: string): string {
  return `${namespace}.${cron}`;
}

import type { CronStatus } from "../../workflows/crons/cron-status.ts";
import { table } from "./table.ts";

/** Crons as people read them; times in UTC to the second. */
export function cronTable(crons: readonly CronStatus[]): string {
  return table([
    ["CRON", "SCHEDULE", "NEXT", "LAST"],
    ...crons.map((cron) => [cron.name, scheduleWords(cron), time(cron.next), lastWords(cron)]),
  ]);
}

function scheduleWords({ schedule, timeZone }: CronStatus): string {
  return timeZone === "UTC" ? schedule : `${schedule} (${timeZone})`;
}

function lastWords({ running, last, left }: CronStatus): string {
  const [now] = running;
  const leftOut = left !== null && left.planned > (last?.startedAt ?? "") ? `; left out at ${time(left.planned)}: ${left.because}` : "";
  if (now !== undefined) return `running for ${String(now.seconds)} s${leftOut}`;
  if (last === null) return `never${leftOut}`;
  const took = last.seconds === null ? "" : ` after ${String(last.seconds)} s`;
  const how = last.result === "failed" ? `exit code ${String(last.exitCode)}` : last.result;
  return `${time(last.startedAt)} ${how}${took}${last.why === undefined ? "" : ` (${last.why})`}${leftOut}`;
}

function time(at: string | null): string {
  return at === null ? "-" : `${at.slice(0, 10)} ${at.slice(11, 19)}Z`;
}

import type { CronOutcome, Ports, SiteRecord } from "../ports.ts";
import { cronOutcome } from "./cron-outcome.ts";
import { plannedCrons } from "./planned-crons.ts";

/** What `status` and `cron ls` say of a cron. Times are RFC 3339. */
export interface CronStatus {
  readonly name: string;
  readonly schedule: string;
  readonly timeZone: string;
  readonly command: readonly string[];
  /** When it starts next; null while the site is stopped, or when its schedule has no more times. */
  readonly next: string | null;
  /** Runs that go on now, by when they started. */
  readonly running: readonly { readonly run: string; readonly startedAt: string; readonly seconds: number }[];
  readonly last: CronOutcome | null;
  readonly left: { readonly planned: string; readonly because: string } | null;
}

/** The crons of a site from what is remembered, what runs, and the schedule itself. `down`: the site was stopped. */
export async function cronStatus(
  record: SiteRecord,
  down: boolean,
  ports: Pick<Ports, "crons" | "engine" | "clock">,
): Promise<readonly CronStatus[]> {
  const planned = plannedCrons(record);
  if (planned.length === 0) return [];
  const runs = await ports.engine.jobs.list(record.namespace);
  const now = ports.clock.now();
  return Promise.all(
    planned.map(async ({ key, cron, rules }): Promise<CronStatus> => {
      const memory = await ports.crons.get(key);
      const own = runs.filter((run) => run.name === cron.name);
      // What has ended but was not written down yet.
      const ended = own.map(cronOutcome).findLast((outcome) => outcome !== undefined);
      const next = rules.schedule.next(Math.max(now, memory?.mark.handled ?? now));
      return {
        name: cron.name,
        schedule: cron.schedule,
        timeZone: cron.timeZone,
        command: cron.argv,
        next: down || next === undefined ? null : new Date(next).toISOString(),
        running: own.flatMap(({ id, startedAt, state }) =>
          state.is === "running"
            ? [{ run: id, startedAt: new Date(startedAt).toISOString(), seconds: Math.round(state.elapsedMs / 1000) }]
            : [],
        ),
        last: ended ?? memory?.last ?? null,
        left: memory?.left ?? null,
      };
    }),
  );
}

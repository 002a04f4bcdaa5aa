import type { EngineContext } from "../../engine/engine.ts";
import type { Clock } from "../../kernel/clock.ts";
import { type DrillOptions, type DrillPlace, refuseUnknown } from "./drill-place.ts";
import { type Drill, drillUnderLoad } from "./drill-under-load.ts";
import { SuccessJournal } from "./success-journal.ts";

/** What a drill of the way in found; `answered`: requests that got an answer of the site. */
export type EdgeDrill = Drill<number> & { readonly answered: number };

const AFTER_ANSWER_MS = 20;
const AFTER_ERROR_MS = 50;

/** Harms the way in while visitors ask for a page. `visit` answers the status of one request, or rejects. */
export async function drillEdge(
  place: DrillPlace,
  visit: () => Promise<number>,
  options: DrillOptions & { readonly clients: number },
  context: EngineContext & { readonly clock: Clock },
): Promise<EdgeDrill> {
  refuseUnknown(place, options.faults);
  const { clock } = context;
  const journal = new SuccessJournal(clock);
  const load = {
    journal,
    start: () => startVisits(options.clients, visit, journal, clock),
    verdict: () => Promise.resolve({ answered: journal.successes }),
  };
  return await drillUnderLoad(place, load, options, context);
}

function startVisits(clients: number, visit: () => Promise<number>, journal: SuccessJournal, clock: Clock): { stop(): Promise<void> } {
  const over = new AbortController();
  const visitors = Array.from({ length: clients }, async () => await visitor(visit, journal, clock, over.signal));
  return {
    async stop() {
      over.abort();
      await Promise.all(visitors);
    },
  };
}

async function visitor(visit: () => Promise<number>, journal: SuccessJournal, clock: Clock, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    try {
      const status = await visit();
      if (status >= 500) journal.failed({ code: `HTTP ${String(status)}` });
      else journal.succeeded();
      await clock.sleep(status >= 500 ? AFTER_ERROR_MS : AFTER_ANSWER_MS);
    } catch (error) {
      journal.failed(error);
      await clock.sleep(AFTER_ERROR_MS);
    }
  }
}

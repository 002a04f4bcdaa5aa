import type { EngineContext } from "../../engine/engine.ts";
import type { Clock } from "../../kernel/clock.ts";
import { type DrillOptions, type DrillPlace, refuseUnknown, type StruckFault } from "./drill-place.ts";
import { exceededLimits } from "./exceeded-limits.ts";
import { strikeInTurn } from "./strike-in-turn.ts";
import { SuccessJournal } from "./success-journal.ts";

/** What a drill of the way in found. */
export interface EdgeDrill {
  readonly place: string;
  readonly clients: number;
  /** Requests that got an answer of the site. */
  readonly answered: number;
  readonly faults: readonly StruckFault[];
  readonly longestGapMs: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly exceeded: readonly string[];
}

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
  const over = new AbortController();
  const began = clock.now();
  const visitors = Array.from({ length: options.clients }, async () => await visitor(visit, journal, clock, over.signal));
  let faults: readonly StruckFault[];
  try {
    faults = await strikeInTurn(place, options, journal, context);
  } finally {
    over.abort();
    await Promise.all(visitors);
  }
  const errors = journal.errorsBetween(began, clock.now());
  const longestGapMs = Math.max(0, ...faults.map(({ gapMs }) => gapMs));
  const found = { place: place.name, clients: options.clients, answered: journal.successes, faults, longestGapMs, errors };
  return { ...found, exceeded: exceededLimits(found, options.limits) };
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

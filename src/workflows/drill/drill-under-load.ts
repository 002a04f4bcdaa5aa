import type { EngineContext } from "../../engine/engine.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { DrillOptions, DrillPlace, StruckFault } from "./drill-place.ts";
import { exceededLimits } from "./exceeded-limits.ts";
import { strikeInTurn } from "./strike-in-turn.ts";
import type { SuccessJournal } from "./success-journal.ts";

/** What any drill found. */
export interface Drill<Clients> {
  readonly place: string;
  readonly clients: Clients;
  readonly faults: readonly StruckFault[];
  readonly longestGapMs: number;
  readonly errors: Readonly<Record<string, number>>;
  /** What was exceeded, in words; empty: the drill was passed. */
  readonly exceeded: readonly string[];
}

/** What runs while a place is harmed. */
export interface DrillLoad<Verdict> {
  readonly journal: SuccessJournal;
  /** Answers how it is ended, which resolves when nothing of it is under way. */
  start(): { stop(): Promise<void> };
  /** What became of it, asked once it has ended. */
  verdict(): Promise<Verdict>;
}

/** Harms a place under a load and holds what was seen against the limits: the same for everything that can be drilled. */
export async function drillUnderLoad<Clients, Verdict extends object>(
  place: DrillPlace,
  load: DrillLoad<Verdict>,
  options: DrillOptions & { readonly clients: Clients },
  context: EngineContext & { readonly clock: Clock },
): Promise<Drill<Clients> & Verdict> {
  const { clock } = context;
  const began = clock.now();
  const running = load.start();
  let faults: readonly StruckFault[];
  try {
    faults = await strikeInTurn(place, options, load.journal, context);
  } finally {
    await running.stop();
  }
  const verdict = await load.verdict();
  const errors = load.journal.errorsBetween(began, clock.now());
  const longestGapMs = Math.max(0, ...faults.map(({ gapMs }) => gapMs));
  const found = { place: place.name, clients: options.clients, faults, longestGapMs, errors, ...verdict };
  return { ...found, exceeded: exceededLimits(found, options.limits) };
}

import type { Clock } from "../../kernel/clock.ts";
import type { EngineContext } from "../../engine/engine.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DrillOptions, DrillPlace, Fault, StruckFault } from "./drill-place.ts";
import type { SuccessJournal } from "./success-journal.ts";

/** The load runs undisturbed that long before each fault and after its end. */
const CALM_MS = 2_000;
const POLL_MS = 50;
/** A server that is not back after that long won't come by itself. */
const BACK_MS = 180_000;
/** That many successes after a fault are no remainder of what was under way. */
const FLOWS = 20;

/** Each fault under a load that flows, and after each one until it flows again and everything is back. What was frozen is freed whatever happens. */
export async function strikeInTurn(
  place: DrillPlace,
  options: DrillOptions,
  load: SuccessJournal,
  { clock, emit, signal }: EngineContext & { readonly clock: Clock },
): Promise<readonly StruckFault[]> {
  const struck: StruckFault[] = [];
  for (const [index, fault] of options.faults.entries()) {
    const id = `drill/${String(index)}`;
    emit({ type: "task-started", id, title: `${fault} ${place.name}` });
    await flowing(load, clock, signal, place);
    const one = await strikeOnce(place, fault, options.holdMs, { load, clock, signal });
    struck.push(one);
    emit({ type: "task-done", id, outcome: "changed", detail: `${one.hit}: ${String(one.gapMs)} ms without success` });
  }
  return struck;
}

interface Around {
  readonly load: SuccessJournal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

async function strikeOnce(place: DrillPlace, fault: Fault, holdMs: number, { load, clock, signal }: Around): Promise<StruckFault> {
  const began = clock.now();
  const { hit, undo } = await place.strike(fault);
  if (undo !== undefined) {
    await clock.sleep(holdMs, signal).catch(() => undefined);
    await undo();
    signal.throwIfAborted();
  }
  await flowing(load, clock, signal, place);
  await place.whole(signal);
  const wholeAfterMs = clock.now() - began;
  await clock.sleep(CALM_MS, signal);
  const end = clock.now();
  return { fault, hit, gapMs: load.longestGap(began, end), errors: load.errorsBetween(began, end), wholeAfterMs };
}

/** Until the load succeeds steadily. Error: `drill/not-back`. */
async function flowing(load: SuccessJournal, clock: Clock, signal: AbortSignal, place: DrillPlace): Promise<void> {
  const from = clock.now();
  while (load.successesSince(from) < FLOWS) {
    if (clock.now() - from > BACK_MS)
      throw new HowdahError("drill/not-back", `${place.name} does not serve after ${String(BACK_MS / 1000)} seconds`);
    await clock.sleep(POLL_MS, signal);
  }
}

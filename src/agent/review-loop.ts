import type { Clock } from "../kernel/clock.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";
import { dueReviews } from "../workflows/review/due-reviews.ts";
import { requestName } from "../workflows/review/review.ts";
import { type ReviewWork, workOnReview } from "../workflows/review/work-on-review.ts";
import type { Ports } from "../workflows/ports.ts";

/** What the task is made of. */
export interface ReviewLoopParts {
  readonly ports: Ports;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

const PERIOD_MS = 1000;
/** So many merge requests at once: a build takes a core, a deletion should not wait for it. */
const FLIGHTS = 2;

/** Works on merge requests, one at a time of each. What is cut off by the signal is still asked for when the agent comes again. */
export async function reviewLoop(parts: ReviewLoopParts): Promise<void> {
  const { ports, clock, signal } = parts;
  const flights = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    const due = await dueReviews(ports).catch((error: unknown) => {
      tell(parts, "reviews could not be looked at", error);
      return [];
    });
    for (const work of due) {
      const name = requestName(work);
      if (flights.size >= FLIGHTS || flights.has(name)) continue;
      flights.set(
        name,
        workOn(work, parts).finally(() => flights.delete(name)),
      );
    }
    await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
  }
  await Promise.all(flights.values());
}

async function workOn(work: ReviewWork, parts: ReviewLoopParts): Promise<void> {
  const { ports, signal, log } = parts;
  const review = requestName(work);
  const emit: Parameters<typeof workOnReview>[2]["emit"] = (event) => {
    if (event.type === "notice") log({ level: event.level, msg: "review", review, notice: event.message });
  };
  try {
    const state = await workOnReview(work, ports, { emit, signal });
    const { phase, commit, reason } = state ?? {};
    log({ level: "info", msg: "review", review, phase, commit, reason });
  } catch (error) {
    if (!signal.aborted) tell(parts, "a review could not be worked on", error, review);
  }
}

function tell({ log }: ReviewLoopParts, msg: string, error: unknown, review?: string): void {
  log({ level: "warning", msg, review, error: error instanceof Error ? error.message : String(error) });
}

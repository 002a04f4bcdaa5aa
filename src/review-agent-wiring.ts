import { reviewLoop } from "./agent/review-loop.ts";
import { reviewServer } from "./agent/review-server.ts";
import type { Clock } from "./kernel/clock.ts";
import type { StructuredLog } from "./kernel/structured-log.ts";
import type { Ports } from "./workflows/ports.ts";
import { deliveryReceiver } from "./workflows/review/receive-delivery.ts";
import type { ReviewRecord } from "./workflows/review/review.ts";

/** What the agent does for reviews: takes calls, and works on what they ask for. Ends with the signal. */
export async function runReviews(parts: {
  readonly ports: Ports;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}): Promise<void> {
  const { ports } = parts;
  const places = async (): Promise<readonly ReviewRecord["listen"][]> =>
    ((await ports.reviews?.records.list()) ?? []).map(({ listen }) => listen);
  await Promise.all([reviewLoop(parts), reviewServer({ ...parts, places, receive: deliveryReceiver(ports) })]);
}

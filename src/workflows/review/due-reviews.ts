import type { Ports } from "../ports.ts";
import { requestName, reviewPorts } from "./review.ts";
import type { ReviewWork } from "./work-on-review.ts";

/** What serves is looked at so often though nobody called: a call may have been lost. */
const LOOK_MS = 30 * 60_000;
/** What is gone is forgotten after so long, with the deliveries that are remembered. */
const FORGET_MS = 30 * 24 * 60 * 60_000;

/** The merge requests that are to be worked on now. What was asked for comes first. */
export async function dueReviews(ports: Pick<Ports, "reviews" | "clock">): Promise<readonly ReviewWork[]> {
  const { records, requests, states } = reviewPorts(ports);
  const sites = new Set((await records.list()).map(({ site }) => site));
  if (sites.size === 0) return [];
  const [wanted, known] = await Promise.all([requests.list(), states.list()]);
  const stateOf = new Map(known.map((state) => [requestName(state), state]));
  const now = ports.clock.now();
  const asked = wanted.flatMap(({ site, number, id }) => {
    const state = stateOf.get(requestName({ site, number }));
    // A newer request does not wait for what an older one waits for.
    const isDue = state?.answered !== id && (state?.tried !== id || state.notBefore <= now);
    return isDue ? [{ site, number, request: id }] : [];
  });
  const isAsked = new Set(wanted.filter(({ id, ...key }) => stateOf.get(requestName(key))?.answered !== id).map(requestName));
  const looks = known.filter((state) => state.phase === "serving" && state.lookedAt + LOOK_MS <= now && !isAsked.has(requestName(state)));
  for (const state of known)
    if (state.phase === "gone" && state.lookedAt + FORGET_MS <= now && !isAsked.has(requestName(state))) {
      await requests.remove(requestName(state));
      await states.remove(requestName(state));
    }
  return [...asked, ...looks.map(({ site, number }) => ({ site, number, request: null }))];
}

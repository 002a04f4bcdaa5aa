import type { Ports } from "../ports.ts";
import { requireReview } from "./remove-review.ts";
import { requestName, reviewPorts, type ReviewState } from "./review.ts";

/** A merge request as `howdah review log` shows it. */
export interface LoggedReview extends Pick<ReviewState, "number" | "commit" | "url" | "reason" | "attempts"> {
  /** `waiting`: it was called for, and is not done with. */
  readonly phase: ReviewState["phase"] | "waiting";
  /** RFC 3339; null: nothing was done yet. */
  readonly changedAt: string | null;
}

/** What became of a site's merge requests, the highest number first. Error: `review/unknown`. */
export async function reviewLog(site: string, ports: Pick<Ports, "reviews">): Promise<readonly LoggedReview[]> {
  await requireReview(site, ports);
  const { requests, states } = reviewPorts(ports);
  const known = new Map((await states.list(`${site}.`)).map((state) => [requestName(state), state]));
  const shown = (await requests.list(`${site}.`)).map(({ number, id }): LoggedReview => {
    const state = known.get(requestName({ site, number }));
    if (state === undefined) return { number, phase: "waiting", commit: null, url: null, reason: null, attempts: 0, changedAt: null };
    const { commit, url, reason, attempts, changedAt } = state;
    const phase = state.answered === id || state.phase === "building" ? state.phase : "waiting";
    return { number, phase, commit, url, reason, attempts, changedAt };
  });
  return shown.toSorted((a, b) => b.number - a.number);
}

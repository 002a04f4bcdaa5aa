/** Restarts of a pod that keeps falling come at most this far apart, as in Kubernetes. */
const MAX_PAUSE_MS = 300_000;
/** What lasted so long was no failed start: counting begins anew (Kubernetes' ten minutes). A queue worker ends once an hour on purpose. */
const LASTED_MS = 600_000;

/** How often something was started of late, and when it may be again (milliseconds since the epoch). */
export interface Backoff {
  readonly tries: number;
  readonly notBefore: number;
}

/** What to remember when something is started now; undefined while it is too early: at once, then after 1, 2, 4… seconds up to five minutes. */
export function startAgain(before: Backoff | undefined, now: number): Backoff | undefined {
  if (before !== undefined && now < before.notBefore) return undefined;
  const tries = before === undefined || now - before.notBefore >= LASTED_MS ? 0 : before.tries;
  return { tries: tries + 1, notBefore: now + Math.min(MAX_PAUSE_MS, 1000 * 2 ** tries) };
}

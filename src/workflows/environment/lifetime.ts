import { HowdahError } from "../../kernel/howdah-error.ts";

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** After its time is over an environment stays so long: whoever needs it finds it in `env ls` and extends it. */
export const GRACE_MS = 24 * 3_600_000;

/** Until when an environment lives that is given so long (`12h`, `3d`, `2w`, `never`). Error: `usage/invalid`. */
export function untilOf(lifetime: string, now: number): string | null {
  if (lifetime === "never") return null;
  const [, count = "", unit = ""] = /^([1-9]\d{0,3})([hdw])$/.exec(lifetime) ?? [];
  const milliseconds = UNITS[unit];
  if (milliseconds === undefined)
    throw new HowdahError("usage/invalid", `${JSON.stringify(lifetime)} is no time to live: write 12h, 3d, 2w or never`);
  return new Date(now + Number(count) * milliseconds).toISOString();
}

/** How an environment's time stands. */
export type Lifetime =
  | { readonly state: "alive"; readonly leftMs: number | null }
  /** It is deleted when the grace is over, too. */
  | { readonly state: "over"; readonly leftMs: number }
  | { readonly state: "due" };

/** Looks at the clock; the agent deletes what is due. */
export function lifetimeOf({ until }: { readonly until: string | null }, now: number): Lifetime {
  if (until === null) return { state: "alive", leftMs: null };
  const left = Date.parse(until) - now;
  if (left > 0) return { state: "alive", leftMs: left };
  return left + GRACE_MS > 0 ? { state: "over", leftMs: left + GRACE_MS } : { state: "due" };
}

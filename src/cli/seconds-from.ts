import { HowdahError } from "../kernel/howdah-error.ts";
import { secondsOf } from "../site/resolving/quantity.ts";
import { duration } from "../site/schema/grammar.ts";

/** `45s`, `2m` or `1h` of a flag, in seconds. Error: `usage/invalid`, naming the flag. */
export function secondsFrom(text: string, flag: string): number {
  if (duration.safeParse(text).success) return secondsOf(text);
  throw new HowdahError("usage/invalid", `${flag} is ${JSON.stringify(text)}: it takes a duration such as 45s, 2m or 1h`);
}

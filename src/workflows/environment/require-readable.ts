import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Site } from "../../site/site.ts";

/** Data that an environment is to begin as. */
interface ReadableData {
  /** For people: `g3 of shop`. */
  readonly what: string;
  /** Of the MariaDB that wrote its files; null: it has none. */
  readonly version: string | null;
  readonly hint: string;
}

/** What a person can do about it in a branch. */
export const SAME_VERSION = "Ask for the same MariaDB, or a newer one, in the branch's site file.";

/**
 * A server reads files that an older one wrote, and brings them up to itself, but not those of a newer one: a branch may ask for an older MariaDB than the one
 * its data is of. Error: `usage/invalid`, before anything is made.
 */
export function requireReadable({ what, version, hint }: ReadableData, { database }: Pick<Site, "database">): void {
  if (version === null || database === null) return;
  const [its, wanted] = [majorOf(version), majorOf(database.version)];
  if (its === undefined || wanted === undefined || its[0] < wanted[0] || (its[0] === wanted[0] && its[1] <= wanted[1])) return;
  throw new HowdahError(
    "usage/invalid",
    `The data of ${what} was written by MariaDB ${its.join(".")}, and MariaDB ${database.version}, which is asked for, can't read files of a newer one`,
    { hint },
  );
}

function majorOf(version: string): readonly [number, number] | undefined {
  const found = /^(\d+)\.(\d+)/.exec(version);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

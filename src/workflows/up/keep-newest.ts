import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { Ports } from "../ports.ts";

/** An image that all sites of a machine share: the edge's nginx, a database server. */
export interface SharedImage {
  /** `edge`, `mariadb-11-8`. */
  readonly name: string;
  readonly reference: string;
  /** Debian version of its main package. */
  readonly version: string;
  /** Which programs of the packages we put into it; left out: those of before anybody counted. */
  readonly programs?: number;
}

/** Raised when a database server's image gets a program that something counts on: 1 has mariadb-binlog, by which a site is restored to one second. */
export const DATABASE_PROGRAMS = 1;

const collator = new Intl.Collator("en", { numeric: true });

/**
 * Which image a shared server runs: the newest that any site's lock has brought. Without this, two sites with different locks would
 * replace each other's database server at every `up`, and take it back to an older version. Of one version it is the one with more programs: a
 * machine that was upgraded would else never have those of today.
 */
export async function keepNewest(candidate: SharedImage, ports: Ports, signal: AbortSignal): Promise<string> {
  const kept = await keptInstead(candidate, ports, signal);
  if (kept !== undefined) return kept;
  // Looked at again where nobody else writes: of two commands at once the one with the older lock would else have the last word.
  return await ports.locks.hold(SYSTEM_NAMESPACE, "up", async () => {
    const now = await keptInstead(candidate, ports, signal);
    if (now === undefined) await ports.sharedImages.put(candidate.name, candidate);
    return now ?? candidate.reference;
  });
}

/** What a shared server runs now: another command may have brought a newer image since this one has chosen. */
export async function newestOf({ name, reference }: Pick<SharedImage, "name" | "reference">, ports: Pick<Ports, "sharedImages">) {
  return (await ports.sharedImages.get(name))?.reference ?? reference;
}

/** The image that stays in the place of a candidate; undefined: the candidate is the newest that is there. */
async function keptInstead(candidate: SharedImage, ports: Ports, signal: AbortSignal): Promise<string | undefined> {
  const current = await ports.sharedImages.get(candidate.name);
  if (current === undefined || compare(candidate, current) > 0) return undefined;
  const isThere = current.reference === candidate.reference || (await exists(current.reference, ports, signal));
  return isThere ? current.reference : undefined;
}

/** Above 0: the first is newer. */
function compare(one: SharedImage, other: SharedImage): number {
  return collator.compare(one.version, other.version) || (one.programs ?? 0) - (other.programs ?? 0);
}

async function exists(reference: string, ports: Ports, signal: AbortSignal): Promise<boolean> {
  return (await ports.images.list(signal)).some((image) => image.reference === reference);
}

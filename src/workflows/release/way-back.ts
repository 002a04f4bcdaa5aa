/** A release, as far as going back is concerned; of one machine or of a cluster. */
export interface PastRelease {
  /** `r12`. */
  readonly id: string;
  /** The release that it brought back. */
  readonly rollbackOf: string | null;
  /** Identity of its migration's inputs; null without one. */
  readonly migration: string | null;
  /** What became of it; undefined when nobody knows. */
  readonly state: string | undefined;
}

/**
 * What served last before `from`, of releases newest first; a rollback's own release stands for the one that it brought back. Going back twice goes
 * further back, not to and fro. Undefined when nothing did.
 */
export function servedBefore<T extends PastRelease>(known: readonly T[], from: T): T | undefined {
  const past = known.filter((one) => one.state === "superseded" && broughtBy(one) !== broughtBy(from));
  const older = from.rollbackOf === null ? past : past.filter((one) => numberOf(broughtBy(one)) < numberOf(broughtBy(from)));
  const [first] = older;
  return first === undefined || first.rollbackOf === null ? first : (known.find(({ id }) => id === first.rollbackOf) ?? first);
}

/** Releases between two whose migrations the code of `to` has not seen: data does not go back with code. */
export function migrationsBetween(known: readonly PastRelease[], from: PastRelease, to: PastRelease): readonly string[] {
  const [low = 0, high = 0] = [numberOf(to.id), numberOf(from.id)].toSorted((a, b) => a - b);
  return known
    .filter(({ id }) => numberOf(id) > low && numberOf(id) <= high)
    .filter(({ migration, state }) => migration !== null && migration !== to.migration && state !== "interrupted")
    .map(({ id }) => id);
}

function broughtBy({ id, rollbackOf }: PastRelease): string {
  return rollbackOf ?? id;
}

function numberOf(id: string): number {
  return Number(id.slice(1));
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Ports } from "../ports.ts";
import { type Release, type ReleaseOutcome, releaseNumber } from "./release.ts";

export type ReleasePorts = Pick<Ports, "releases" | "outcomes" | "clock">;

/** A release with what became of it. */
export interface KnownRelease {
  readonly release: Release;
  readonly outcome: ReleaseOutcome | undefined;
}

/** Documents of one site: namespaces have no dots. */
function nameOf(namespace: string, id: string): string {
  return `${namespace}.${id}`;
}

/** A site's releases, newest first. */
export async function releasesOf(namespace: string, ports: ReleasePorts): Promise<readonly KnownRelease[]> {
  const [releases, outcomes] = await Promise.all([ports.releases.list(`${namespace}.`), ports.outcomes.list(`${namespace}.`)]);
  const became = new Map(outcomes.map((outcome) => [outcome.release, outcome]));
  return releases
    .map((release) => ({ release, outcome: became.get(release.id) }))
    .toSorted((a, b) => releaseNumber(b.release.id) - releaseNumber(a.release.id));
}

/** The release that serves; undefined before the first, and for a site that an older Howdah started. */
export function servingOf(known: readonly KnownRelease[]): Release | undefined {
  return known.find(({ outcome }) => outcome?.state === "serving")?.release;
}

/** One release. Error: `release/unknown` with those that there are. */
export async function releaseOf(namespace: string, id: string, ports: ReleasePorts): Promise<Release> {
  const found = await ports.releases.get(nameOf(namespace, id));
  if (found !== undefined) return found;
  const ids = (await releasesOf(namespace, ports)).map(({ release }) => release.id);
  throw new HowdahError("release/unknown", `${namespace} has no release ${JSON.stringify(id)}`, {
    hint: ids.length === 0 ? "It has none yet: `howdah up` makes the first." : `There are: ${ids.join(", ")}.`,
  });
}

/** Writes a new release down under the next number. */
export async function recordRelease(draft: Omit<Release, "id">, known: readonly KnownRelease[], ports: ReleasePorts): Promise<Release> {
  const newest = Math.max(0, ...known.map(({ release }) => releaseNumber(release.id)));
  const release: Release = { id: `r${String(newest + 1)}`, ...draft };
  // Before the release itself: one that is there is never without an outcome.
  await noteOutcome(release.namespace, release.id, { state: "rolling-out" }, ports);
  await ports.releases.put(nameOf(release.namespace, release.id), release);
  return release;
}

type Became = ReleaseOutcome extends infer Outcome
  ? Outcome extends ReleaseOutcome
    ? Omit<Outcome, "namespace" | "release" | "at">
    : never
  : never;

/** Writes down what became of a release. */
export async function noteOutcome(
  namespace: string,
  release: string,
  became: Became,
  ports: Pick<ReleasePorts, "outcomes" | "clock">,
): Promise<void> {
  const at = new Date(ports.clock.now()).toISOString();
  await ports.outcomes.put(nameOf(namespace, release), { namespace, release, at, ...became });
}

/** A release serves from now on; the one before it does not. */
export async function noteServing(namespace: string, release: string, ports: ReleasePorts): Promise<void> {
  for (const { outcome } of await releasesOf(namespace, ports)) {
    if (outcome?.state === "serving" && outcome.release !== release)
      await noteOutcome(namespace, outcome.release, { state: "superseded" }, ports);
  }
  await noteOutcome(namespace, release, { state: "serving" }, ports);
}

/** Forgets releases beyond the newest `keep`; never the one that serves, nor the last that served before it. */
export async function dropOldReleases(namespace: string, keep: number, ports: ReleasePorts): Promise<void> {
  const known = await releasesOf(namespace, ports);
  const former = known.find(({ outcome }) => outcome?.state === "superseded");
  for (const { release, outcome } of known.slice(keep)) {
    if (outcome?.state === "serving" || release.id === former?.release.id) continue;
    await ports.releases.remove(nameOf(namespace, release.id));
    await ports.outcomes.remove(nameOf(namespace, release.id));
  }
}

/** Forgets all releases of a site whose data is gone. */
export async function forgetReleases(namespace: string, ports: ReleasePorts): Promise<void> {
  for (const { release } of await releasesOf(namespace, ports)) await ports.releases.remove(nameOf(namespace, release.id));
  for (const { release } of await ports.outcomes.list(`${namespace}.`)) await ports.outcomes.remove(nameOf(namespace, release));
}

/**
 * References of every image that a kept release may need again: image retention leaves them. `prefix` of the names of releases (`shop.` of a site, `shop--` of
 * its environments); left out: of all sites.
 */
export async function keptImages(ports: Pick<ReleasePorts, "releases">, prefix?: string): Promise<ReadonlySet<string>> {
  const releases = await ports.releases.list(prefix);
  return new Set(releases.flatMap(({ images }) => [images.web.reference, ...(images.php === null ? [] : [images.php.reference])]));
}

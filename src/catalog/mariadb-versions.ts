import type { Suite } from "./debian-suites.ts";

/** A MariaDB version that Howdah can build. */
export type MariadbVersion = "10.5" | "10.11" | "11.8";

/** Versions that nodes of a Galera cluster can have: bullseye's is not worth beginning with. */
export type GaleraVersion = Exclude<MariadbVersion, "10.5">;

/** Oldest first; all are long-term releases. */
export const mariadbReleases: readonly { readonly version: MariadbVersion; readonly suite: Suite }[] = [
  { version: "10.5", suite: "bullseye" },
  { version: "10.11", suite: "bookworm" },
  { version: "11.8", suite: "trixie" },
];

/** The versions, oldest first. */
export const mariadbVersions: readonly MariadbVersion[] = mariadbReleases.map((release) => release.version);

/** What a site gets that does not choose. */
export const defaultMariadb: MariadbVersion = "11.8";

/** Those of a Galera cluster's nodes, oldest first. */
export const galeraVersions: readonly GaleraVersion[] = mariadbVersions.filter((version) => version !== "10.5");

/** Narrows a text to a version that nodes of a Galera cluster can have. */
export function isGaleraVersion(text: string): text is GaleraVersion {
  return (galeraVersions as readonly string[]).includes(text);
}

/** Narrows a text to a version that can be built. */
export function isMariadbVersion(text: string): text is MariadbVersion {
  return (mariadbVersions as readonly string[]).includes(text);
}

/** The Debian release a version comes from. */
export function mariadbSuite(version: MariadbVersion): Suite {
  const found = mariadbReleases.find((release) => release.version === version);
  if (found === undefined) throw new TypeError(`no such MariaDB version: ${version}`);
  return found.suite;
}

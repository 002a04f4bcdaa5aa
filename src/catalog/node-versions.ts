import type { Suite } from "./debian-suites.ts";

/** A version of Node that build hooks can have. */
export type NodeVersion = "12" | "18" | "20";

/** Oldest first: each Debian release has one. 12 gets no fixes any more and is for building what nothing newer builds. */
const nodeReleases: readonly { readonly version: NodeVersion; readonly suite: Suite }[] = [
  { version: "12", suite: "bullseye" },
  { version: "18", suite: "bookworm" },
  { version: "20", suite: "trixie" },
];

/** The versions, oldest first. */
export const nodeVersions: readonly NodeVersion[] = nodeReleases.map((release) => release.version);

/** What a site gets that does not choose. */
export const defaultNode: NodeVersion = "20";

/** Narrows a text to a version that can be built. */
export function isNodeVersion(text: string): text is NodeVersion {
  return (nodeVersions as readonly string[]).includes(text);
}

/** The Debian release a version comes from. */
export function nodeSuite(version: NodeVersion): Suite {
  const found = nodeReleases.find((release) => release.version === version);
  if (found === undefined) throw new TypeError(`no such version of Node: ${version}`);
  return found.suite;
}

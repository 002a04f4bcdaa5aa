import type { Suite } from "./debian-suites.ts";

/** A PHP version that Howdah can build. */
export type PhpVersion = "7.4" | "8.2" | "8.4";

/** Where a PHP version comes from. */
export interface PhpRelease {
  readonly version: PhpVersion;
  readonly suite: Suite;
  /** False: its suite's security archive is not complete any more, so fixes stop; say so to people. */
  readonly securityUpdates: boolean;
}

/** Oldest first. Each Debian release has one PHP; 8.0, 8.1 and 8.3 were never in a release. */
export const phpReleases: readonly PhpRelease[] = [
  { version: "7.4", suite: "bullseye", securityUpdates: false },
  { version: "8.2", suite: "bookworm", securityUpdates: true },
  { version: "8.4", suite: "trixie", securityUpdates: true },
];

/** The versions, oldest first. */
export const phpVersions: readonly PhpVersion[] = phpReleases.map((release) => release.version);

/** What a site gets that does not choose. */
export const defaultPhp: PhpVersion = "8.4";

/** Narrows a text to a version that can be built. */
export function isPhpVersion(text: string): text is PhpVersion {
  return (phpVersions as readonly string[]).includes(text);
}

/** The release a version comes from. */
export function phpRelease(version: PhpVersion): PhpRelease {
  const found = phpReleases.find((release) => release.version === version);
  if (found === undefined) throw new TypeError(`no such PHP version: ${version}`);
  return found;
}

/** What a pipeline is rendered from; it holds no secret and no address of a machine. */
export interface Pipeline {
  /** The site's name. */
  readonly site: string;
  /** What `howdah` is given for the site: a path below the repository's root; `.` for the root itself. */
  readonly path: string;
  /** The site's lock file, below the repository's root. */
  readonly lockFile: string;
  /** Versions of PHP to test on; empty for a site without PHP: then there are no tests. */
  readonly php: readonly string[];
  /** The program that tests the site. */
  readonly command: readonly string[];
  /** A report that it writes, relative to the site's directory; null without one. */
  readonly report: string | null;
  /** Where the images go; null: the registry that belongs to the pipeline's platform. */
  readonly repository: string | null;
  /** The secret that `spec.image.secret` names; null: `podman login`. */
  readonly registrySecret: string | null;
  /** An environment for each merge request, on the machine where the site runs. */
  readonly review: boolean;
}

/** Which jobs a runner must be able to do, where it keeps things, and what an administrator sets: the same on each platform. */
export const PIPELINE = {
  /** Debian 12: the runner's machine, or the container that a privileged runner starts. */
  image: "debian:12",
  cacheDirectory: "/var/cache/howdah",
  /** What of the cache is worth carrying: packages of base images, downloads of composer and npm, and what was chosen for tests. */
  cached: ["build", "packages", "test-locks"],
  /** Where podman keeps images: not on the overlay that the container itself is on. */
  storage: "/var/lib/containers",
} as const;

/** `junit.xml` as the pattern of the reports of all versions. */
export function reportPattern(report: string): string {
  return report.replace(/(\.[^./]*)?$/, (ending: string) => `-php*${ending}`);
}

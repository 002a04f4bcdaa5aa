/** A Debian release that images are made from. */
export type Suite = "bullseye" | "bookworm" | "trixie";

interface SuiteEntry {
  /** VERSION_ID of its os-release: scanners find the matching security data by it. */
  readonly versionId: string;
  /**
   * Which archives are asked. bullseye: `main` alone, as mirrors have dropped part of the files that its security index still names
   * (php7.4 among them), so a lock made from it can't be downloaded.
   */
  readonly archives: readonly ("main" | "updates" | "security")[];
}

/** The releases, oldest first. */
export const suites: Readonly<Record<Suite, SuiteEntry>> = {
  bullseye: { versionId: "11", archives: ["main"] },
  bookworm: { versionId: "12", archives: ["main", "updates", "security"] },
  trixie: { versionId: "13", archives: ["main", "updates", "security"] },
};

import { isTag } from "../../kernel/image-reference.ts";

/** A tree's place in version control, as far as tags of images come from it. */
export interface VersionPlace {
  /** Null on a detached head. */
  readonly branch: string | null;
  /** Tags of the commit. */
  readonly tags: readonly string[];
  /** Files differ from the commit. */
  readonly dirty: boolean;
}

/** Tags for images, and what a person should know about them. */
export interface ImageTags {
  readonly tags: readonly string[];
  readonly notes: readonly string[];
}

/** `release-v1.2.3`, with what SemVer allows behind it. */
const RELEASE = /^release-v((?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8}))\.((?:0|[1-9]\d{0,8})(-[0-9A-Za-z][0-9A-Za-z.-]{0,60})?)$/;

/**
 * The tags of images from version control: a commit tagged `release-v1.2.3` gives `1.2.3` and `1.2` (a pre-release only its own), main and
 * master give `nightly`, another branch its name. Files that differ from the commit are no release. Without version control: the code's digest.
 */
export function imageTags(place: VersionPlace | null, codeDigest: string): ImageTags {
  const byContent = `code-${codeDigest.replace(/^sha256:/, "").slice(0, 12)}`;
  if (place === null) return { tags: [byContent], notes: [] };
  const releases = place.tags.flatMap(versionsOf);
  if (releases.length > 0 && !place.dirty) return { tags: [...new Set(releases)], notes: [] };
  const notes = releases.length === 0 ? [] : [`the tree differs from its release tag: not tagged ${releases.join(", ")}`];
  if (place.branch === null)
    return { tags: [byContent], notes: [...notes, "no branch is checked out: tagged by content (`--tag` chooses)"] };
  return { tags: [branchTag(place.branch) ?? byContent], notes };
}

function versionsOf(tag: string): readonly string[] {
  const [, minor = "", rest = "", preRelease] = RELEASE.exec(tag) ?? [];
  if (minor === "") return [];
  return preRelease === undefined ? [`${minor}.${rest}`, minor] : [`${minor}.${rest}`];
}

/** A branch's name as a tag. One that would pass for a release, for `nightly` or for `latest` gets a prefix: branches are made by many people. */
function branchTag(branch: string): string | undefined {
  if (branch === "main" || branch === "master") return "nightly";
  const name = branch.replaceAll(/[^A-Za-z0-9_.-]+/g, "-").replace(/^[.-]+/, "");
  const taken = /^v?\d+(\.|$)/.test(name) || /^(nightly|latest|code-.*)$/.test(name);
  const tag = `${taken ? "branch-" : ""}${name}`.slice(0, 128);
  return isTag(tag) ? tag : undefined;
}

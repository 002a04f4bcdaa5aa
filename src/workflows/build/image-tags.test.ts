import { expect, it } from "vitest";
import { imageTags, type VersionPlace } from "./image-tags.ts";

const CODE = `sha256:${"0123456789ab".repeat(5)}abcd`;
const place = (branch: string | null, tags: readonly string[] = [], dirty = false): VersionPlace => ({ branch, tags, dirty });

it.each<[string, VersionPlace | null, readonly string[]]>([
  ["a release", place("main", ["release-v1.2.3"]), ["1.2.3", "1.2"]],
  ["a release without a branch", place(null, ["release-v10.0.1", "other"]), ["10.0.1", "10.0"]],
  ["two releases of one commit", place("main", ["release-v1.2.3", "release-v1.2.4"]), ["1.2.3", "1.2", "1.2.4"]],
  ["a pre-release", place("main", ["release-v1.2.3-rc.1"]), ["1.2.3-rc.1"]],
  ["a release with changes beside it", place("main", ["release-v1.2.3"], true), ["nightly"]],
  ["main", place("main"), ["nightly"]],
  ["master", place("master"), ["nightly"]],
  ["a branch", place("feature/new login"), ["feature-new-login"]],
  ["a branch that would pass for a release", place("1.2.3"), ["branch-1.2.3"]],
  ["a branch that would pass for another tag", place("nightly"), ["branch-nightly"]],
  ["a branch with an odd beginning", place("../-x"), ["x"]],
  ["a branch without a letter", place("日本"), ["code-0123456789ab"]],
  ["no branch", place(null), ["code-0123456789ab"]],
  ["no version control", null, ["code-0123456789ab"]],
  ["tags that are no releases", place("main", ["v1.2.3", "release-v1.2", "release-v01.2.3", "release-v1.2.3;x"]), ["nightly"]],
])("%s", (_name, given, tags) => {
  expect(imageTags(given, CODE).tags).toEqual(tags);
});

it("says why a release is none", () => {
  expect(imageTags(place("main", ["release-v1.2.3"], true), CODE).notes).toEqual([
    "the tree differs from its release tag: not tagged 1.2.3, 1.2",
  ]);
});

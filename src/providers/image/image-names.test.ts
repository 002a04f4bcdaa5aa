import { describe, expect, it } from "vitest";
import { imageNames } from "./image-names.ts";

describe("names of images", () => {
  const [ours, theirs] = [imageNames("howdah"), imageNames("t-shop")];

  it.each([
    ["howdah", "localhost/howdah/php:1"],
    ["t-shop", "localhost/howdah/t-shop/php:1"],
    ["Upper/case", "localhost/howdah/i-"],
  ])("of %s begin with %s", (instance, reference) => {
    expect(imageNames(instance).reference("php", "1").startsWith(reference)).toBe(true);
  });

  it("are found by a pattern", () => {
    expect([ours.pattern, theirs.pattern]).toEqual(["localhost/howdah/*", "localhost/howdah/t-shop/*"]); // no * matches a slash
  });

  it("belong to one instance, and tell the same content", () => {
    const [own, other] = [ours.reference("php", "1"), theirs.reference("php", "1")];
    expect([ours.owns(own), ours.owns(other), theirs.owns(own), theirs.owns(other)]).toEqual([true, false, false, true]);
    expect([ours.owns("localhost/blog/php:1"), ours.owns("docker.io/library/php:1")]).toEqual([false, false]);
    expect([ours.isSame(other, own), ours.isSame("localhost/blog/php:1", own), ours.isSame(ours.reference("php", "2"), own)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

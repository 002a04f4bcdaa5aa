import { describe, expect, it } from "vitest";
import { parseImageReference, parseRepository, printReference } from "./image-reference.ts";

const SHA = `sha256:${"a".repeat(64)}`;

describe("parseImageReference", () => {
  it.each([
    ["php", "docker.io/library/php"],
    ["php:8.4-fpm", "docker.io/library/php:8.4-fpm"],
    ["bitnami/php", "docker.io/bitnami/php"],
    ["docker.io/php", "docker.io/library/php"],
    ["localhost/me/php:1", "localhost/me/php:1"],
    ["registry.example.org:5000/team/blog:1.2", "registry.example.org:5000/team/blog:1.2"],
    [`registry.example.org/a@${SHA}`, `registry.example.org/a@${SHA}`],
    [`registry.example.org/a:1@${SHA}`, `registry.example.org/a:1@${SHA}`],
    ["[::1]:5000/a", "[::1]:5000/a"],
    ["127.0.0.1:5000/a__b/c-d.e", "127.0.0.1:5000/a__b/c-d.e"],
  ])("reads %s as %s", (text, full) => {
    const parsed = parseImageReference(text);
    expect(parsed && printReference(parsed)).toBe(full);
  });

  it.each([
    "",
    "Upper/case",
    "a//b",
    "../etc",
    "a/../b",
    "a:",
    "a:bad tag",
    "a@sha256:short",
    `a@${SHA}@${SHA}`,
    `a@md5:${"a".repeat(32)}`,
    "https://registry.example.org/a",
    "registry.example.org:99999/a",
    "registry.example.org:5000/",
    "reg$(x).org/a",
    "-x.org/a",
    "a".repeat(260),
    "a\nb",
    "a:1\n",
  ])("refuses %j", (text) => {
    expect(parseImageReference(text)).toBeUndefined();
  });
});

describe("parseRepository", () => {
  it("takes no tag and no digest", () => {
    expect(parseRepository("registry.example.org/team/blog")).toEqual({ registry: "registry.example.org", path: "team/blog" });
    expect(parseRepository("registry.example.org/team/blog:1")).toBeUndefined();
    expect(parseRepository(`registry.example.org/team/blog@${SHA}`)).toBeUndefined();
  });
});

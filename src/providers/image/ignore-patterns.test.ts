import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ignoreLines, neverInImages, parseIgnore } from "./ignore-patterns.ts";

describe("ignore patterns", () => {
  it.each([
    ["node_modules", "node_modules", true, true],
    ["node_modules", "a/b/node_modules", true, true],
    ["/build", "build", true, true],
    ["/build", "a/build", true, false],
    ["cache/", "cache", false, false],
    ["cache/", "a/cache", true, true],
    ["*.log", "a/b.log", false, true],
    ["*.log", "a/b.logs", false, false],
    ["a/*.js", "a/x.js", false, true],
    ["a/*.js", "a/b/x.js", false, false],
    ["a/**/x.js", "a/b/c/x.js", false, true],
    ["a/**/x.js", "a/x.js", false, true],
    ["docs/**", "docs/a/b", false, true],
    ["file?.txt", "file1.txt", false, true],
    ["[ab].txt", "a.txt", false, true],
    ["[!ab].txt", "a.txt", false, false],
    ["a.b", "axb", false, false],
    ["\\!x", "!x", false, true],
  ])("%s against %s (directory: %s) is %s", (pattern, path, isDirectory, ignored) => {
    expect(parseIgnore([pattern])(path, isDirectory)).toBe(ignored);
  });

  it("lets a later pattern take a file back, but never version control", () => {
    const ignore = parseIgnore(["*.sql", "!schema.sql", "!.git"]);
    expect([ignore("a.sql", false), ignore("schema.sql", false), ignore(".git", true), ignore("lib/.git/config", false)]).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it("keeps secrets, dumps and Howdah's own files out, and an installer's schema in", () => {
    const ignore = parseIgnore(neverInImages);
    const out = [
      ".env",
      "app/.env.local",
      "howdah.yaml",
      "howdah.lock",
      "dump.sql",
      "site-backup-2024.sql",
      "db.sql.gz",
      "wp-config.php.bak",
      "a/config.php.old",
      ".git",
    ];
    const kept = [".env.example", "schema.sql", "SQL/mysql.initial.sql", "conf/howdah.yaml", ".htaccess", "index.php", "environment.php"];
    expect(out.filter((path) => !ignore(path, path === ".git"))).toEqual([]);
    expect(kept.filter((path) => ignore(path, false))).toEqual([]);
  });

  it("reads files with comments and Windows line ends", () => {
    expect(ignoreLines("# c\r\n\r\na \r\n!b\n")).toEqual(["a", "!b"]);
  });

  it("takes any pattern without failing or running away", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.string({ maxLength: 200 }), (pattern, path) => {
        parseIgnore([pattern])(path, false);
      }),
    );
    parseIgnore([`${"*a".repeat(200)}b`])("a".repeat(30), false);
  });
});

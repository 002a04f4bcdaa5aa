import { describe, expect, it } from "vitest";
import { bypassExpression } from "./microcache.ts";
import { printNginx } from "./print-nginx.ts";
import { denyExpression } from "./protected-names.ts";
import { renderRewrites } from "./render-rewrites.ts";

const print = (from: string, to: string, more: object = {}): string =>
  printNginx(renderRewrites([{ from, to, ifNoFile: false, ...more }]))
    .replace(/\s+/g, " ")
    .trim();

describe("renderRewrites", () => {
  it.each<[string, string, string, object, string]>([
    ["rewrites silently", "^/a/(.*)$", "/b/$1", {}, "rewrite ^/a/(.*)$ /b/$1 last;"],
    [
      "names what is caught for a query (CVE-2026-42945)",
      "^/(.*)$",
      "/x?q=$1",
      {},
      'rewrite ^/(?<howdah_r0_1>.*)$ "/x?q=${howdah_r0_1}" last;',
    ],
    [
      "names what is caught when captures overlap (CVE-2026-9256)",
      "^/((a)b)$",
      "/$1$2",
      {},
      'rewrite ^/(?<howdah_r0_1>(?<howdah_r0_2>a)b)$ "/${howdah_r0_1}${howdah_r0_2}" last;',
    ],
    ["leaves a query without captures alone", "^/(a)$", "/x?q=1", {}, "rewrite ^/(a)$ /x?q=1 last;"],
    ["redirects for good", "^/a$", "/b", { redirect: 301 }, "rewrite ^/a$ /b permanent;"],
    ["redirects for now", "^/a$", "https://example.org/", { redirect: 302 }, "rewrite ^/a$ https://example.org/ redirect;"],
    [
      "keeps the method with 308",
      "^/a(.)$",
      "/b$1",
      { redirect: 308 },
      'if ($uri ~ ^/a(?<howdah_r0_1>.)$ ) { return 308 "/b${howdah_r0_1}"; }',
    ],
    ["looks for files first", "^/a$", "/b", { ifNoFile: true }, "if (!-e $request_filename ) { rewrite ^/a$ /b last; }"],
    [
      "counts named groups",
      "^/(?<x>a)(?:b)(c)$",
      "/$1/$2",
      {},
      'rewrite ^/(?<howdah_r0_1>a)(?:b)(?<howdah_r0_2>c)$ "/${howdah_r0_1}/${howdah_r0_2}" last;',
    ],
    [
      "expands no variables of nginx",
      "^/a$",
      "/$host$http_cookie",
      {},
      'rewrite ^/a$ "/${howdah_dollar}host${howdah_dollar}http_cookie" last;',
    ],
    ["makes targets absolute", "^/a$", "b.php", {}, "rewrite ^/a$ /b.php last;"],
  ])("%s", (_, from, to, more, expected) => {
    expect(print(from, to, more)).toBe(expected);
  });

  it.each([
    ["a catastrophic expression (G7)", "^((a+)+)$", "/x"],
    ["a capture that is not there", "^/a$", "/$1"],
    ["an expression that is none", "^/(", "/x"],
    ["a line end", "^/a\n$", "/x"],
  ])("refuses %s", (_, from, to) => {
    expect(() => print(from, to)).toThrow(expect.objectContaining({ code: "render/unsafe" }));
  });
});

describe("denyExpression", () => {
  const matches = (pattern: string, path: string): boolean => {
    const expression = denyExpression(pattern);
    return new RegExp(expression.replace(/^~\*?/, ""), expression.startsWith("~*") ? "i" : "").test(path);
  };
  it.each<[string, string[], string[]]>([
    ["/config", ["/config", "/config/", "/config/a.php"], ["/configuration", "/a/config", "/CONFIG"]],
    ["/config/", ["/config", "/config/a"], ["/configs"]],
    ["*.sql", ["/a.sql", "/b/a.SQL", "/a.sql/x"], ["/a.sqlx", "/sql"]],
    ["wp-config.php", ["/wp-config.php", "/x/wp-config.php/y"], ["/my-wp-config.php"]],
    ["/system/**.txt", ["/system/a.txt", "/system/b/c.txt"], ["/system/a.txtx", "/other/a.txt"]],
    ["/d/**/*.db", ["/d/x.db", "/d/e/f/x.db"], ["/x.db"]],
    ["/occ**", ["/occ", "/occult/x"], ["/x/occ"]],
    ["/ext/*/docs", ["/ext/a/docs", "/ext/a/docs/x"], ["/ext/a/b/docs"]],
  ])("%s", (pattern, yes, no) => {
    expect([...yes, ...no].filter((path) => matches(pattern, path))).toEqual(yes);
  });

  it("refuses patterns that would be slow", () => {
    expect(() => denyExpression("*a*a*a*a*a")).toThrow(/refused/);
  });
});

describe("bypassExpression", () => {
  it.each([
    ["/wp-admin/", "~^/wp-admin/"],
    ["/a*b", "~^/a.*b"],
    ["?preview=", "~[?&]preview="],
    ["x.php", String.raw`~x\.php`],
  ])("%s is %s", (pattern, expected) => {
    expect(bypassExpression(pattern)).toBe(expected);
  });
});

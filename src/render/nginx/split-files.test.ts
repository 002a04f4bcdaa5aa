import { expect, it } from "vitest";
import { block, directive } from "./directive.ts";
import { parseNginx } from "./parse-nginx.ts";
import { printNginx } from "./print-nginx.ts";
import { splitNginx } from "./split-files.ts";

const locations = Array.from({ length: 400 }, (_, index) =>
  block("location", [`/path-${index}`], [directive("return", 200, "x".repeat(50))]),
);
const map = block(
  "map",
  ["$uri", "$howdah_denied"],
  [directive("default", ""), ...Array.from({ length: 300 }, (_, index) => directive(`~^/secret-${index}(?:/|$)`, 1))],
);
const tree = [
  directive("daemon", "off"),
  block("http", [], [directive("sendfile", "on"), map, block("server", [], [directive("listen", 8080), ...locations])]),
];

/** What nginx reads: each include in its place. */
function joined(files: Readonly<Record<string, string>>, text: string): string {
  return text.replaceAll(/^\s*include \/etc\/howdah\/nginx\/(part-\d+\.conf);\n/gm, (_line, name: string) =>
    joined(files, files[name] ?? ""),
  );
}

it("leaves a configuration that fits in one file", () => {
  expect(splitNginx(tree, 1_000_000)).toEqual({ "nginx.conf": printNginx(tree) });
});

it("puts one that doesn't into parts that fit, and means the same", () => {
  const files = splitNginx(tree, 8192);
  expect(Object.keys(files).length).toBeGreaterThan(5);
  expect(Object.values(files).every((text) => text.length <= 8192)).toBe(true);
  expect(parseNginx(joined(files, files["nginx.conf"] ?? ""))).toEqual(parseNginx(printNginx(tree)));
});

import { expect, it } from "vitest";
import { type LiteralEntry, literalTree } from "../literal-tree.ts";
import { surveyTree } from "../survey.ts";
import { recognizeKind } from "./recognize-kind.ts";

it.each<{ name: string; files: Record<string, LiteralEntry>; kind: string; codes: string[] }>([
  { name: "pages", files: { "index.html": "<p>" }, kind: "static", codes: [] },
  { name: "PHP", files: { "index.php": "<?php" }, kind: "php", codes: [] },
  { name: "only composer.json", files: { "composer.json": "{}" }, kind: "php", codes: [] },
  { name: "Hugo, built", files: { "hugo.toml": "", "public/index.html": "<p>" }, kind: "static", codes: ["info detect/generator"] },
  { name: "Jekyll, not built", files: { "_config.yml": "", "index.md": "" }, kind: "static", codes: ["warning detect/generator"] },
  { name: "Python", files: { "manage.py": "", "a/templates/x.html": "<p>" }, kind: "none", codes: ["error detect/foreign"] },
  {
    name: "Node",
    files: { "package.json": '{"scripts":{"start":"node ."}}', "server.js": "" },
    kind: "none",
    codes: ["error detect/foreign"],
  },
  { name: "Ruby with one PHP file", files: { Gemfile: "", "tools/x.php": "<?php" }, kind: "none", codes: ["error detect/foreign"] },
  {
    name: "PHP with some Python",
    files: { "requirements.txt": "", "a.php": "<?php", "b.php": "<?php", "c.php": "<?php" },
    kind: "php",
    codes: [],
  },
  { name: "nothing", files: {}, kind: "none", codes: ["error detect/empty"] },
  { name: "only texts", files: { "readme.txt": "x" }, kind: "none", codes: ["error detect/empty"] },
  { name: "a damaged package.json", files: { "package.json": "{", "index.html": "<p>" }, kind: "static", codes: [] },
])("$name is $kind", ({ files, kind, codes }) => {
  const found = recognizeKind(surveyTree(literalTree(files)));
  expect(found.kind).toBe(kind);
  expect(found.diagnostics.map((each) => `${each.severity} ${each.code}`)).toEqual(codes);
});

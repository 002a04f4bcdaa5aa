import { expect, it } from "vitest";
import { literalTree } from "../literal-tree.ts";
import { surveyTree } from "../survey.ts";
import { chooseEntry } from "./choose-locations.ts";

it.each<{ name: string; files: Record<string, string>; webRoot?: string; expected: object }>([
  {
    name: "an index that reads the requested path",
    files: { "index.php": "<?php route($_SERVER['REQUEST_URI']);" },
    expected: { locations: { "/": { passthru: "/index.php" } } },
  },
  {
    name: "an index that hands over to a kernel",
    files: { "public/index.php": "<?php require '../vendor/autoload.php'; $app->run();" },
    webRoot: "public",
    expected: { locations: { "/": { passthru: "/index.php" } } },
  },
  {
    name: "an index that starts a router",
    files: { "index.php": "<?php $r = new AltoRouter();" },
    expected: { locations: { "/": { passthru: "/index.php" } } },
  },
  {
    name: "a router in another file",
    files: { "index.php": "<?php require 'lib/start.php';", "lib/Router.php": "<?php $p = $_SERVER['PATH_INFO'];" },
    expected: { locations: { "/": { passthru: "/index.php" } } },
  },
  {
    name: "many scripts, each a page",
    files: { "index.php": "<?php echo 1;", "a.php": "<?php", "b.php": "<?php", "c.php": "<?php", "d.php": "<?php" },
    expected: {},
  },
  {
    name: "a script named like the site",
    files: { "tool.php": "<?php f();", "other.php": "<?php g();" },
    expected: { index: ["tool.php", "index.html"] },
  },
  { name: "the only script", files: { "x.php": "<?php f();", "config.php": "<?php" }, expected: { index: ["x.php", "index.html"] } },
  { name: "several scripts without an entry", files: { "x.php": "<?php f();", "y.php": "<?php" }, expected: {} },
  { name: "a page beside scripts", files: { "index.html": "<p>", "x.php": "<?php" }, expected: {} },
])("$name", ({ files, webRoot, expected }) => {
  expect(chooseEntry(surveyTree(literalTree(files)), webRoot ?? ".", "tool").value).toEqual(expected);
});

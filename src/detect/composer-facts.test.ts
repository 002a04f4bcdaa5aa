import { expect, it } from "vitest";
import { readComposer } from "./composer-facts.ts";
import { literalTree } from "./literal-tree.ts";
import { surveyTree } from "./survey.ts";

const read = (files: Record<string, string>): ReturnType<typeof readComposer> => readComposer(surveyTree(literalTree(files)));

it("finds a vendor directory of another name", () => {
  expect(read({ "composer.json": '{"config":{"vendor-dir":"composer"}}', "composer/autoload.php": "<?php" })).toMatchObject({
    vendorDirectory: "composer",
    vendorPresent: true,
  });
  expect(read({ "lib/x/composer/installed.json": "{}" })).toMatchObject({ vendorDirectory: "lib/x" });
  expect(read({ "composer.json": "{}" })).toMatchObject({ vendorDirectory: "vendor", vendorPresent: false });
});

it("takes packages from the lock file, else from what is installed, without development tools", () => {
  const lock = '{"packages":[{"name":"A/B","version":"1"}]}';
  expect(read({ "composer.json": "{}", "composer.lock": lock }).packages.map((each) => each.name)).toEqual(["a/b"]);
  const installed = '{"packages":[{"name":"a/b"},{"name":"c/d"},{}],"dev-package-names":["c/d"]}';
  expect(read({ "composer.json": "{}", "vendor/composer/installed.json": installed }).packages.map((each) => each.name)).toEqual(["a/b"]);
  expect(
    read({ "composer.json": "{}", "vendor/composer/installed.json": '[{"name":"old/format"}]' }).packages.map((each) => each.name),
  ).toEqual(["old/format"]);
});

it("leaves libraries' composer.json alone", () => {
  expect(read({ "lib/composer.json": "{}", "a.php": "<?php" }).file).toBeUndefined();
  expect(read({ "x/composer.json": '{"type":"library"}' }).file).toBeUndefined();
  expect(read({ "www/composer.json": "{}" })).toMatchObject({ file: "www/composer.json", directory: "www" });
});

it("survives damaged and strange files", () => {
  expect(read({ "composer.json": "{" })).toMatchObject({ require: {} });
  expect(read({ "composer.json": '{"require":[1],"extra":{"symfony-web-dir":"../.."},"config":{"vendor-dir":5}}' })).toMatchObject({
    require: {},
    webRoots: [],
    vendorDirectory: "vendor",
  });
});

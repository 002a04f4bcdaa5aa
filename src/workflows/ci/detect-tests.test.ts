import { expect, it } from "vitest";
import { detectTests } from "./detect-tests.ts";

const detect = (files: Readonly<Record<string, string>>) => detectTests((path) => Promise.resolve(files[path]));

it.each<[Readonly<Record<string, string>>, string | undefined]>([
  [{ "composer.json": '{"scripts": {"test": ["@lint", "phpunit"]}}', "phpunit.xml": "" }, "composer test"],
  [{ "composer.json": '{"scripts": {}}', "phpunit.xml.dist": "" }, "vendor/bin/phpunit --log-junit junit.xml"],
  [{ "composer.json": "{broken", "phpunit.xml": "" }, "vendor/bin/phpunit --log-junit junit.xml"],
  [{ "composer.json": '{"scripts": null}' }, undefined],
  [{}, undefined],
])("%j is tested by %s", async (files, command) => {
  expect((await detect(files))?.command.join(" ")).toBe(command);
});

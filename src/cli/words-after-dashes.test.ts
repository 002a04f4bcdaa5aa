import { Command } from "commander";
import { expect, it } from "vitest";
import { wordsAfterDashes } from "./words-after-dashes.ts";

function words(...argv: string[]): ReturnType<typeof wordsAfterDashes> {
  const program = new Command("howdah").enablePositionalOptions();
  const test = program.command("test").argument("[words...]").option("--php <list>");
  test.action(() => undefined);
  program.parse(argv, { from: "user" });
  return wordsAfterDashes(test);
}

it.each<[readonly string[], readonly string[], readonly string[]]>([
  [["test", "--", "php", "-v"], [], ["php", "-v"]],
  [["test", "blog", "--php", "8.2", "--", "php", "--php", "x"], ["blog"], ["php", "--php", "x"]],
  [["test", "--php", "8.2", "blog", "--", "sh", "--", "-c"], ["blog"], ["sh", "--", "-c"]],
  [["test", "blog"], ["blog"], []],
  [["test", "blog", "--"], ["blog"], []],
])("%j", (argv, before, after) => {
  expect(words(...argv)).toEqual({ before, after });
});

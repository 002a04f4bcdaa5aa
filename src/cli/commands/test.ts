import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { printTests } from "../report/print-tests.ts";
import { terminalText } from "../report/terminal-text.ts";
import { secondsFrom } from "../seconds-from.ts";
import { wordsAfterDashes } from "../words-after-dashes.ts";
import { withReporter } from "./with-reporter.ts";

interface TestFlags {
  readonly php?: string;
  readonly jobs?: string;
  readonly timeout: string;
  readonly env: readonly string[];
  readonly junit?: string;
}

const collect = (entry: string, before: readonly string[]): readonly string[] => [...before, entry];

/** `howdah test`: a site's own tests on several versions of PHP. */
export function testCommand(program: Command, choose: Choose): void {
  const command = program
    .command("test")
    .usage("[options] [site] -- <command...>")
    .argument("[site]", "directory or site file (default: .)")
    .argument("[command...]", "the program and its arguments, after --")
    .summary("run a site's own tests on one or more versions of PHP, each with a throw-away database")
    .description(
      "Runs a program of the site's own, its tests, on each version of PHP: in a copy of the code, with the extensions that the site file lists, the build hooks with the dependencies of development (composer without --no-dev), and an empty database of its own that the site's variables lead to. Nothing that serves is touched, and nothing is left.",
    )
    .option("--php <versions>", "versions of PHP, such as 7.4,8.2,8.4 (default: the site's own)")
    .option("-j, --jobs <number>", "versions at once (default: as many as the machine has cores)")
    .option("--timeout <duration>", "end the program after that long, such as 90s or 30m; at most 6h", "30m")
    .option("-e, --env <name=value>", "a variable for the program; NAME alone takes it from the environment", collect, [])
    .option("--junit <file>", "a report that the program writes, copied here for each version: junit.xml as junit-php8.2.xml")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah test -- vendor/bin/phpunit\n  howdah test --php 7.4,8.2,8.4 -- php tests/run.php\n  howdah test ./shop --php 8.4 --env APP_ENV=testing -- php artisan test\n  howdah test --junit junit.xml -- vendor/bin/phpunit --log-junit junit.xml\n\nExit code: 0 when it ended with 0 on every version, else 1. A version whose dependencies can't be installed has failed. Ctrl-C takes everything away.",
    )
    .action((_site: unknown, _words: unknown, flags: TestFlags) => {
      choose((context) => runTests(command, flags, context));
    });
}

async function runTests(command: Command, flags: TestFlags, context: CliContext): Promise<number> {
  const { before, after } = wordsAfterDashes(command);
  if (after.length === 0 || before.length > 1) {
    throw new HowdahError("usage/invalid", after.length === 0 ? "Which program tests the site?" : "test takes one site", {
      hint: "Write it after `--`: `howdah test --php 8.2,8.4 -- vendor/bin/phpunit`.",
    });
  }
  const wanted = {
    ...{ given: before[0], directory: context.directory, php: flags.php, argv: after, report: reportOf(flags.junit) },
    ...{
      jobs: jobsOf(flags.jobs),
      timeoutSeconds: timeoutOf(flags.timeout),
      environment: environmentOf(flags.env, context),
    },
  };
  const outcome = await withReporter(context, async (ports, engine) => {
    const { testSite } = await import("../../workflows/test/test-site.ts");
    return testSite(wanted, ports, { ...engine, emit: emitOf(engine.emit, context) });
  });
  return printTests(outcome, context);
}

type Emit = Parameters<Parameters<typeof withReporter>[1]>[1]["emit"];

/** Where nobody looks at a live line, what the programs print comes line by line, each with its version before it. */
function emitOf(emit: Emit, { terminal, flags }: CliContext): Emit {
  if (terminal.live || flags.output === "json") return emit;
  return (event) => {
    if (event.type === "output" && event.id.startsWith("test/")) {
      terminal.err(`${event.id.slice("test/".length)} | ${terminalText(event.line)}\n`);
    } else emit(event);
  };
}

function jobsOf(jobs: string | undefined): number {
  if (jobs === undefined) return availableParallelism();
  if (/^[1-9]\d{0,2}$/.test(jobs)) return Number(jobs);
  throw new HowdahError("usage/invalid", `--jobs is ${JSON.stringify(jobs)}: it takes a whole number from 1 to 999`);
}

/** A trial's database goes by itself some hours after that, should nobody be left to take it away. */
const LONGEST_SECONDS = 6 * 3600;

function timeoutOf(text: string): number {
  const seconds = secondsFrom(text, "--timeout");
  if (seconds <= LONGEST_SECONDS) return seconds;
  throw new HowdahError("usage/invalid", `--timeout is ${text}: it takes at most 6h`);
}

function reportOf(file: string | undefined): string | undefined {
  if (file === undefined || (file !== "" && !file.startsWith("/") && !file.split("/").includes(".."))) return file;
  throw new HowdahError("usage/invalid", `--junit is ${JSON.stringify(file)}: it takes a path below the site's directory`);
}

function environmentOf(entries: readonly string[], { variable }: CliContext): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [, name = "", value] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=([\s\S]*))?$/.exec(entry) ?? [];
      const found = value ?? variable(name);
      if (name !== "" && found !== undefined) return [name, found];
      throw new HowdahError(
        "usage/invalid",
        name === ""
          ? `--env is ${JSON.stringify(entry)}: it takes NAME=VALUE, or NAME`
          : `There is no ${name} in the environment, which --env names`,
      );
    }),
  );
}

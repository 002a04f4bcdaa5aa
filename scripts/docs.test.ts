import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { type Command, CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../src/cli/program.ts";
import { type MarkdownPage, markdownPage, programsOf } from "../test/support/markdown-page.ts";

const exclude = ["**/node_modules/**", "coverage/**", "dist/**", ".howdah/**"];
const pages = new Map<string, MarkdownPage>(
  globSync("**/*.md", { exclude }).map((path): [string, MarkdownPage] => [path, markdownPage(readFileSync(path, "utf8"))]),
);

/** What is wrong on which line. */
type Trouble = readonly [line: number, words: string];

/** What is wrong, as `docs/how-to/data.md:12 …`. */
function findings(look: (page: MarkdownPage, path: string) => readonly Trouble[]): string[] {
  return [...pages].flatMap(([path, page]) => look(page, path).map(([line, trouble]) => `${path}:${String(line)} ${trouble}`));
}

/** All that a page has of either kind. */
function said({ links, commands, words }: MarkdownPage): MarkdownPage["links"] {
  return [...links, ...commands, ...words];
}

describe("documentation", () => {
  it("was seen, with its links and commands", () => {
    expect(pages.size).toBeGreaterThan(60);
    expect([...pages.values()].flatMap(({ links }) => links).length).toBeGreaterThan(100);
    expect([...pages.values()].flatMap(said).filter(({ text }) => text.includes("howdah ")).length).toBeGreaterThan(200);
  });

  it("links to files that are there", () => {
    const missing = findings(({ links }, path) =>
      links.flatMap(({ line, text }): Trouble[] => {
        const file = text.split("#")[0] ?? "";
        if (isElsewhere(text) || file === "") return [];
        const target = normalize(join(dirname(path), decodeURIComponent(file)));
        return existsSync(target) && !relative(".", target).startsWith("..") ? [] : [[line, `${text}: there is no ${target}`]];
      }),
    );
    expect(missing).toEqual([]);
  });

  it("links to headings that are there", () => {
    const missing = findings(({ links }, path) =>
      links.flatMap(({ line, text }): Trouble[] => {
        const [file = "", anchor] = text.split("#");
        if (isElsewhere(text) || anchor === undefined) return [];
        const target = pages.get(file === "" ? path : normalize(join(dirname(path), file)));
        return target?.anchors.has(anchor) === true ? [] : [[line, `${text}: there is no such heading`]];
      }),
    );
    expect(missing).toEqual([]);
  });

  it("shows commands of howdah that are understood", () => {
    const wrong = findings(({ commands }) =>
      commands.flatMap(({ line, text }): Trouble[] =>
        programsOf(text).flatMap((words): Trouble[] => {
          const trouble = refusal(howdahArguments(words));
          return trouble === undefined ? [] : [[line, `${text}: ${trouble}`]];
        }),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it("names commands of howdah that there are", () => {
    const program = createProgram(() => undefined);
    const unknown = findings(({ words }) =>
      words.flatMap(({ line, text }): Trouble[] => {
        const [, named = ""] = /^(?:sudo )?(?:bin\/)?howdah ((?:[a-z][a-z-]* ?)+)/.exec(text) ?? [];
        const trouble = unknownCommand(
          program,
          named.split(" ").filter((word) => word !== ""),
        );
        return trouble === undefined ? [] : [[line, `${text}: there is no command ${trouble}`]];
      }),
    );
    expect(unknown).toEqual([]);
  });

  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly scripts: Readonly<Record<string, string>> };
  const benches = [...readFileSync("bench/run.ts", "utf8").matchAll(/what === "([a-z-]+)"/g)].map(([, name]) => name);

  it("names scripts and measurements that there are", () => {
    expect(benches).toContain("speed");
    const unknown = findings((page) =>
      said(page).flatMap(({ line, text }): Trouble[] => {
        const [, script, bench] = /npm run (?:-s |--silent )?([a-z:-]+)(?: -- ([a-z][a-z-]*))?/.exec(text) ?? [];
        if (script === undefined) return [];
        if (scripts[script] === undefined) return [[line, `${text}: there is no script ${script}`]];
        return script !== "bench" || bench === undefined || benches.includes(bench)
          ? []
          : [[line, `${text}: there is no measurement ${bench}`]];
      }),
    );
    expect(unknown).toEqual([]);
  });
});

function isElsewhere(target: string): boolean {
  return /^[a-z]+:/.test(target);
}

/** What howdah gets as arguments; undefined for other programs, which may have `howdah` as an argument of theirs. */
function howdahArguments(words: readonly string[]): readonly string[] | undefined {
  const program = words.findIndex((word) => word !== "sudo" && !/^\w+=/.test(word));
  return /^(?:bin\/)?howdah$/.test(words[program] ?? "") ? words.slice(program + 1) : undefined;
}

/** Why the command line would refuse these arguments; undefined when it takes them. */
function refusal(argv: readonly string[] | undefined): string | undefined {
  if (argv === undefined) return undefined;
  const program = createProgram(() => undefined);
  let said = "";
  for (const command of everyCommand(program)) {
    command.exitOverride();
    command.configureOutput({ writeOut: () => undefined, writeErr: (text) => (said += text) });
  }
  try {
    program.parse(argv, { from: "user" });
    return undefined;
  } catch (error) {
    return error instanceof CommanderError && error.exitCode === 0 ? undefined : said.trim() || String(error);
  }
}

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child))];
}

/** The first word that should be a command and is none. Words after one that has no commands of its own are arguments. */
function unknownCommand(command: Command, [word, ...more]: readonly string[]): string | undefined {
  if (word === undefined || command.commands.length === 0) return undefined;
  const child = command.commands.find((one) => one.name() === word);
  if (child === undefined) return command.parent === null ? word : `${command.name()} ${word}`;
  return unknownCommand(child, more);
}

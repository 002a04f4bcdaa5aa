import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { wireFiles } from "../files-wiring.ts";
import { runCli } from "./run-cli.ts";

async function ran(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = "";
  let err = "";
  const code = await runCli(argv, {
    terminal: {
      out: (text) => (out += text),
      err: (text) => (err += text),
      color: false,
      live: false,
      interactive: false,
      columns: 80,
      output: "text",
    },
    signal: new AbortController().signal,
    directory: "/",
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    variable: () => undefined,
    wire: () => Promise.reject(new Error("not wired")),
    wireFiles: async () => wireFiles(),
  });
  return { code, out, err };
}

describe("a command that only reads", () => {
  const example = fileURLToPath(new URL("../../examples/static.yaml", import.meta.url));
  it.each([
    ["check", ["check", example]],
    ["show", ["show", example]],
    ["explain", ["explain", "spec.web"]],
    ["init --dry-run", ["init", fileURLToPath(new URL("../entrypoint/php", import.meta.url)), "--yes", "--dry-run"]],
  ])("wires no engine, database or network: %s", async (_name, argv) => {
    expect(await ran(...argv)).toMatchObject({ code: 0 });
  });
});

describe("a wrong command line", () => {
  it.each([
    ["--output json", ["status", "--nonsense", "--output", "json"]],
    ["--output=json before the command", ["--output=json", "status", "--nonsense"]],
    ["-o json", ["status", "-o", "json", "--nonsense"]],
    ["-ojson", ["status", "-ojson", "--nonsense"]],
  ])("is answered as JSON on stdout with %s", async (_name, argv) => {
    const { code, out, err } = await ran(...argv);
    expect({ code, err }).toEqual({ code: 64, err: "" });
    expect(JSON.parse(out)).toMatchObject({ error: { code: "usage/invalid", exit: 64, message: "unknown option '--nonsense'" } });
  });

  it.each([
    ["an unknown command", ["statsu", "-o", "json"], /unknown command 'statsu'.*Did you mean status/],
    ["a missing argument", ["db", "import", "-o", "json"], /missing required argument/],
  ])("names %s", async (_name, argv, words) => {
    const { error } = JSON.parse((await ran(...argv)).out) as { error: { message: string } };
    expect(error.message).toMatch(words);
  });

  it.each([[["status", "--nonsense"]], [["status", "--output", "xml"]], [["status", "--nonsense", "--", "--output", "json"]]])(
    "is answered in words on stderr by %j",
    async (argv) => {
      const { code, out, err } = await ran(...argv);
      expect({ code, out }).toEqual({ code: 64, out: "" });
      expect(err).toMatch(/^error: /);
    },
  );

  it("is no wrong one that asks for help", async () => {
    expect(await ran("--help", "-o", "json")).toMatchObject({ code: 0, out: expect.stringContaining("Usage: howdah") });
    expect(await ran("-o", "json")).toMatchObject({ code: 0, err: expect.stringContaining("Usage: howdah") });
  });
});

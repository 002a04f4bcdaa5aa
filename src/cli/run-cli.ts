import type { Readable, Writable } from "node:stream";
import { type Command, CommanderError } from "commander";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { Ports, ProjectFiles } from "../workflows/ports.ts";
import type { Action, CliContext, GlobalFlags } from "./context.ts";
import { createProgram } from "./program.ts";
import { printError } from "./report/print-error.ts";
import { reporterFor } from "./report/reporter.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** What the process gives to the command line. */
export interface CliEnvironment {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly directory: string;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly variable: (name: string) => string | undefined;
  readonly wire: () => Promise<Ports>;
  readonly wireFiles: () => Promise<ProjectFiles>;
}

/** Parses arguments, runs the one command they name, and turns whatever happens into words and an exit code. */
export async function runCli(argv: readonly string[], environment: CliEnvironment): Promise<number> {
  let chosen: Action | undefined;
  const program = createProgram((action) => {
    chosen = action;
  });
  let flags: GlobalFlags = { output: "text", verbose: false };
  program.hook("preAction", (_program, command) => {
    flags = flagsOf(command);
  });
  // Known before the arguments are: what is wrong with them is answered in the format that was asked for.
  const json = asksForJson(argv);
  let refused = "";
  const writeErr = json ? (text: string) => (refused += text) : environment.terminal.err;
  for (const command of everyCommand(program)) {
    command.exitOverride();
    command.configureOutput({ writeOut: environment.terminal.out, writeErr, getOutHasColors: () => false });
  }
  let terminal: Terminal = { ...environment.terminal, output: json ? "json" : "text" };
  let ports: Ports | undefined;
  try {
    await program.parseAsync(argv, { from: "user" });
    terminal = { ...terminal, output: flags.output };
    const context: CliContext = {
      terminal,
      flags,
      directory: environment.directory,
      stdin: environment.stdin,
      stdout: environment.stdout,
      signal: environment.signal,
      version: VERSION,
      variable: environment.variable,
      ports: async () => (ports ??= await environment.wire()),
      files: environment.wireFiles,
      reporter: (wired) => reporterFor(terminal, wired.clock, flags.verbose),
    };
    return chosen === undefined ? 0 : await chosen(context);
  } catch (error) {
    if (isHelp(error)) {
      if (json) terminal.err(refused);
      return 0;
    }
    const usage = error instanceof CommanderError ? wrongUsage(error) : undefined;
    if (usage !== undefined && !json) return usage.entry.exit; // commander has printed its own words
    return printError(usage ?? stoppedBy(error, environment.signal), terminal, { aborted: environment.signal.aborted, version: VERSION });
  } finally {
    await ports?.close();
  }
}

/** Work that was stopped for a named reason says only that it was stopped: the reason is the failure. */
function stoppedBy(error: unknown, { aborted, reason }: AbortSignal): unknown {
  return aborted && reason instanceof HowdahError && !(error instanceof HowdahError) ? reason : error;
}

/** The nearest command that says something wins. */
function flagsOf(command: Command): GlobalFlags {
  const own = command.opts<Partial<GlobalFlags>>();
  const above = command.parent === null ? { output: "text" as const, verbose: false } : flagsOf(command.parent);
  return { output: own.output ?? above.output, verbose: own.verbose ?? above.verbose };
}

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child))];
}

/** True when these arguments ask for an answer in JSON, whatever else is wrong with them. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  const ours = end === -1 ? argv : argv.slice(0, end);
  return ours.some(
    (word, at) => ["--output=json", "-ojson"].includes(word) || (["--output", "-o"].includes(word) && ours[at + 1] === "json"),
  );
}

/** Help and version are no errors. */
function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && (error.exitCode === 0 || error.code === "commander.help");
}

function wrongUsage(error: CommanderError): HowdahError {
  return new HowdahError("usage/invalid", error.message.replace(/^error: /, "").replaceAll("\n", " "));
}

import type { Readable, Writable } from "node:stream";
import { type Command, CommanderError } from "commander";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { Ports } from "../workflows/ports.ts";
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
  readonly wire: () => Promise<Ports>;
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
  for (const command of everyCommand(program)) {
    command.exitOverride();
    command.configureOutput({ writeOut: environment.terminal.out, writeErr: environment.terminal.err, getOutHasColors: () => false });
  }
  let terminal = environment.terminal;
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
      ports: async () => (ports ??= await environment.wire()),
      reporter: (wired) => reporterFor(terminal, wired.clock, flags.verbose),
    };
    return chosen === undefined ? 0 : await chosen(context);
  } catch (error) {
    if (error instanceof CommanderError) return usageExit(error);
    return printError(error, terminal, { aborted: environment.signal.aborted, version: VERSION });
  } finally {
    await ports?.close();
  }
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

/** commander has printed its own words; help and version are no errors. */
function usageExit(error: CommanderError): number {
  return error.exitCode === 0 || error.code === "commander.help" ? 0 : new HowdahError("usage/invalid", error.message).entry.exit;
}

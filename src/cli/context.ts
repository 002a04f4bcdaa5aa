import type { Readable, Writable } from "node:stream";
import type { Ports, ProjectFiles } from "../workflows/ports.ts";
import type { Reporter } from "./report/reporter.ts";
import type { Terminal } from "./terminal.ts";

/** Flags that every command has. */
export interface GlobalFlags {
  readonly output: "text" | "json";
  readonly verbose: boolean;
}

/** What a command gets: its terminal, the flags, and the ports, which are only wired (and their modules loaded) when it asks for them. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly flags: GlobalFlags;
  readonly directory: string;
  /** Streams for commands that carry data: dumps, secrets, programs. */
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
  readonly version: string;
  /** A variable of the environment that a flag names (`--env NAME`). Everything else of the environment is read by the wiring. */
  readonly variable: (name: string) => string | undefined;
  ports(): Promise<Ports>;
  /** The project's files alone: for commands that need no other port, and start faster without. */
  files(): Promise<ProjectFiles>;
  reporter(ports: Ports): Reporter;
}

/** A command's work: answers the exit code. */
export type Action = (context: CliContext) => Promise<number>;

import type { Readable, Writable } from "node:stream";

/** How an engine wants a program run; src/providers/process.ts fits it. */
export interface ProcessOptions {
  readonly signal?: AbortSignal | undefined;
  /** What the program reads; without it, standard input is empty. Values of secrets travel this way, never as arguments. */
  readonly input?: string | Uint8Array | Readable;
  readonly accept?: readonly number[] | "any";
  readonly timeoutMs?: number;
}

/** What a program said. */
export interface ProcessResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly lastLines: readonly string[];
}

/** Runs a program to its end. Fails with `machine/tool-missing`, `machine/disk-full`, `cancelled` or `machine/tool-failed`. */
export type RunProcess = (argv: readonly string[], options?: ProcessOptions) => Promise<ProcessResult>;

/** Where an attached program reads and writes; `inherit` is the caller's terminal. */
export interface AttachOptions {
  readonly signal: AbortSignal;
  readonly stdin: Readable | "inherit" | "none";
  readonly stdout: Writable | "inherit";
  readonly stderr: Writable | "inherit";
}

/** Runs a program with its streams connected byte by byte and answers its exit code. */
export type AttachProcess = (argv: readonly string[], options: AttachOptions) => Promise<number>;

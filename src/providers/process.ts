import { type ChildProcess, spawn } from "node:child_process";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { HowdahError } from "../kernel/howdah-error.ts";

/** How a program is run. Nothing here is ever read by a shell. */
export interface RunOptions {
  /** Aborting ends the program's whole process group: SIGTERM, five seconds later SIGKILL. */
  readonly signal?: AbortSignal | undefined;
  readonly cwd?: string;
  /** The complete environment. Left out: this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the program reads; without it, standard input is empty. */
  readonly input?: string | Uint8Array | Readable;
  /** Called for each line as it comes, without its line end. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Exit codes that are an answer, not a failure. Default: 0. `"any"`: the caller judges. */
  readonly accept?: readonly number[] | "any";
  /** The program is ended after that many milliseconds. */
  readonly timeoutMs?: number;
}

/** What a program said. `stdout` and `stderr` are whole up to 64 MiB each; `lastLines` is both in the order they came, at most 100 lines. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly lastLines: readonly string[];
}

const KEEP_LINES = 100;
const KEEP_BYTES = 64 * 1024 * 1024;
const GRACE_MS = 5000;

/**
 * Runs a program to its end and gives its output.
 * Errors: `machine/tool-missing` when it is not installed, `machine/disk-full` when it says so, `cancelled` when the signal fires,
 * else `machine/tool-failed` with its last 100 lines.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = start(argv, options);
  const out = collect(child.stdout, "stdout", options.onLine);
  const err = collect(child.stderr, "stderr", options.onLine);
  const last: string[] = [];
  out.onLine = err.onLine = (line) => {
    last.push(line);
    if (last.length > KEEP_LINES) last.shift();
  };
  const code = await ended(argv, child, options);
  await Promise.all([out.done, err.done]);
  const ran: Ran = { code, stdout: out.text(), stderr: err.text(), lastLines: last };
  return judged(argv, ran, options);
}

/** A program whose standard output is consumed while it runs. */
export interface Streamed {
  readonly stdout: Readable;
  /** Settles when the program has ended; rejects as `run` does. `stdout` of the result is empty. Await it after reading. */
  readonly done: Promise<Ran>;
}

/** Runs a program and hands over its output as a stream of bytes. Read `stdout` to its end, then await `done`. */
export function stream(argv: readonly string[], options: RunOptions = {}): Streamed {
  const child = start(argv, options);
  const err = collect(child.stderr, "stderr", options.onLine);
  const done = (async () => {
    const code = await ended(argv, child, options);
    await err.done;
    const stderr = err.text();
    return judged(argv, { code, stdout: "", stderr, lastLines: linesOf(stderr).slice(-KEEP_LINES) }, options);
  })();
  done.catch(() => {}); // the reader may fail first; it still awaits `done`
  return { stdout: child.stdout ?? Readable.from([]), done };
}

function start(argv: readonly string[], options: RunOptions): ChildProcess {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("a program needs a name");
  if (options.signal?.aborted) throw cancelled(argv, options.signal);
  const child = spawn(program, args, {
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
  });
  if (child.stdin !== null && options.input !== undefined) feed(child.stdin, options.input);
  return child;
}

function feed(stdin: NodeJS.WritableStream, input: string | Uint8Array | Readable): void {
  stdin.on("error", () => {}); // a program may end without having read everything (EPIPE); its exit code tells
  if (input instanceof Readable) input.pipe(stdin);
  else stdin.end(input);
}

function ended(argv: readonly string[], child: ChildProcess, options: RunOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    let force: NodeJS.Timeout | undefined;
    let timedOut = false;
    const stop = (): void => {
      killGroup(child, "SIGTERM");
      force ??= setTimeout(() => killGroup(child, "SIGKILL"), GRACE_MS);
    };
    const limit =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            stop();
          }, options.timeoutMs);
    options.signal?.addEventListener("abort", stop, { once: true });
    const tidy = (): void => {
      clearTimeout(force);
      clearTimeout(limit);
      options.signal?.removeEventListener("abort", stop);
    };
    child.once("error", (error: NodeJS.ErrnoException) => {
      tidy();
      reject(startFailure(argv, error, options));
    });
    child.once("close", (code, signal) => {
      tidy();
      if (options.signal?.aborted) reject(cancelled(argv, options.signal));
      else if (timedOut)
        reject(new HowdahError("machine/tool-failed", `${argv[0]} did not end within ${(options.timeoutMs ?? 0) / 1000} seconds`));
      else resolve(code ?? 128 + (signalNumbers[signal ?? "SIGKILL"] ?? 9));
    });
  });
}

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // it has ended meanwhile
  }
}

function startFailure(argv: readonly string[], error: NodeJS.ErrnoException, options: RunOptions): HowdahError {
  if (error.code === "ENOENT" && options.cwd === undefined) {
    return new HowdahError("machine/tool-missing", `${argv[0]} is not installed`, { cause: error });
  }
  return new HowdahError("machine/tool-failed", `${argv[0]} can't be started: ${error.message}`, { cause: error });
}

function judged(argv: readonly string[], ran: Ran, options: RunOptions): Ran {
  const accepted = options.accept ?? [0];
  if (accepted === "any" || accepted.includes(ran.code)) return ran;
  throw programFailure(argv, ran);
}

/** The named failure of a program that ended badly; for callers that accept any exit code and judge themselves. */
export function programFailure(argv: readonly string[], ran: Ran): HowdahError {
  const words = `${argv[0]}${argv[1] === undefined ? "" : ` ${argv[1]}`}`;
  if (ran.lastLines.some(saysDiskFull)) {
    return new HowdahError("machine/disk-full", `No space left on a file system that ${words} writes to`, { output: ran.lastLines });
  }
  return new HowdahError("machine/tool-failed", `${words} ended with exit code ${ran.code}`, { output: ran.lastLines });
}

function saysDiskFull(line: string): boolean {
  return /no space left on device|disk quota exceeded|ENOSPC/i.test(line);
}

function cancelled(argv: readonly string[], signal: AbortSignal): HowdahError {
  return signal.reason instanceof HowdahError ? signal.reason : new HowdahError("cancelled", `Stopped while ${argv[0]} was running`);
}

interface Collected {
  onLine: (line: string) => void;
  readonly done: Promise<void>;
  text(): string;
}

function collect(source: Readable | null, name: "stdout" | "stderr", onLine: RunOptions["onLine"]): Collected {
  const chunks: Buffer[] = [];
  let kept = 0;
  let rest = "";
  const decoder = new TextDecoder();
  const collected: Collected = {
    onLine: () => {},
    done: source === null ? Promise.resolve() : finished(source).catch(() => {}),
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
  const say = (line: string): void => {
    const plain = line.endsWith("\r") ? line.slice(0, -1) : line;
    collected.onLine(plain);
    onLine?.(plain, name);
  };
  source?.on("data", (chunk: Buffer) => {
    if (kept < KEEP_BYTES) chunks.push(chunk);
    kept += chunk.length;
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) say(line);
  });
  source?.on("end", () => {
    if (rest !== "") say(rest);
  });
  return collected;
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

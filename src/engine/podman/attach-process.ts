import { spawn } from "node:child_process";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { AttachOptions } from "../process-port.ts";

/**
 * Runs a program with the caller's streams connected byte by byte, a terminal passed through, and answers its exit code.
 * Errors: `machine/tool-missing`; `cancelled` when the signal fires.
 */
export async function attachProcess(argv: readonly string[], options: AttachOptions): Promise<number> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("a program needs a name");
  if (options.signal.aborted) throw new HowdahError("cancelled", `Stopped before ${program} was run`);
  const child = spawn(program, args, {
    stdio: [
      options.stdin === "inherit" ? "inherit" : options.stdin === "none" ? "ignore" : "pipe",
      options.stdout === "inherit" ? "inherit" : "pipe",
      options.stderr === "inherit" ? "inherit" : "pipe",
    ],
  });
  const stop = (): void => void child.kill("SIGTERM");
  options.signal.addEventListener("abort", stop, { once: true });
  const pumps: Promise<unknown>[] = [];
  if (child.stdin !== null && typeof options.stdin === "object") {
    // The program may end before it has read everything; its exit code tells.
    void pipeline(options.stdin, child.stdin).catch(() => {});
  }
  if (child.stdout !== null && typeof options.stdout === "object") pumps.push(pipeline(child.stdout, options.stdout, { end: false }));
  if (child.stderr !== null && typeof options.stderr === "object") pumps.push(pipeline(child.stderr, options.stderr, { end: false }));
  // A caller's stream may fail while the program still runs: awaited below, but handled from now on, or Node ends the process.
  for (const pump of pumps) pump.catch(() => {});
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) =>
        reject(error.code === "ENOENT" ? new HowdahError("machine/tool-missing", `${program} is not installed`, { cause: error }) : error),
      );
      child.once("close", (ended) => resolve(ended ?? 137));
    });
    await Promise.all(pumps);
    if (options.signal.aborted) throw new HowdahError("cancelled", `Stopped while ${program} was running`);
    return code;
  } finally {
    options.signal.removeEventListener("abort", stop);
  }
}

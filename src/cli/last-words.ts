import type { EventEmitter } from "node:events";
import { HowdahError } from "../kernel/howdah-error.ts";

/** What a command runs in. */
export interface LastWordsHost {
  /** The process: it tells what nobody waited for. */
  readonly process: EventEmitter;
  /** Stops the command's work. */
  readonly controller: AbortController;
  /** Says a failure in the format that was asked for; answers its exit code. */
  readonly say: (failure: HowdahError) => number;
  /** For what can't be an answer any more. */
  readonly err: (text: string) => void;
}

/**
 * Lets no command end without its answer. What is thrown where nobody waits for it (a socket's late error) stops the work, which undoes
 * what it began and fails by that name; and a process that has nothing left to wait for, though the work never ended, says so.
 */
export async function withLastWords(host: LastWordsHost, work: () => Promise<number>): Promise<number> {
  let stray: HowdahError | undefined;
  host.process.on("uncaughtException", (error) => {
    stray ??= fault(error);
    host.controller.abort(stray);
  });
  const { promise: drained, resolve: nothingLeft } = Promise.withResolvers<"drained">();
  const tell = (): void => nothingLeft("drained");
  host.process.once("beforeExit", tell);
  try {
    const code = await Promise.race([work(), drained]);
    if (code === "drained")
      return host.say(stray ?? new HowdahError("bug", "The command's work stopped without an end and without a failure"));
    if (stray !== undefined && code === 0) host.err(`${stray.message}\n${stray.output.join("\n")}\n`);
    return code;
  } catch (error) {
    return host.say(fault(error));
  } finally {
    host.process.off("beforeExit", tell);
  }
}

function fault(error: unknown): HowdahError {
  if (error instanceof HowdahError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new HowdahError("bug", message, {
    cause: error,
    output: error instanceof Error ? (error.stack ?? "").split("\n").slice(1, 12) : [],
  });
}

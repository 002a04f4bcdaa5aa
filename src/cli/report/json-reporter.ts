import type { Clock } from "../../kernel/clock.ts";
import type { Terminal } from "../terminal.ts";
import type { Reporter } from "./reporter.ts";

/** One JSON object a line on stderr, so that stdout holds nothing but the answer. */
export function jsonReporter(terminal: Terminal, clock: Clock): Reporter {
  return {
    emit: (event) => {
      terminal.err(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), ...event })}\n`);
    },
    close: () => undefined,
  };
}

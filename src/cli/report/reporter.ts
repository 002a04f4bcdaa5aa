import type { Clock } from "../../kernel/clock.ts";
import type { Emit } from "../../kernel/event.ts";
import type { Terminal } from "../terminal.ts";
import { jsonReporter } from "./json-reporter.ts";
import { liveReporter } from "./live-reporter.ts";
import { plainReporter } from "./plain-reporter.ts";

/** A reporter takes events until it is closed; closing leaves the terminal clean. */
export interface Reporter {
  readonly emit: Emit;
  readonly close: () => void;
}

/** Live lines on a terminal, plain lines otherwise, JSON lines on stderr with `--output json`. */
export function reporterFor(terminal: Terminal, clock: Clock, verbose: boolean): Reporter {
  if (terminal.output === "json") return jsonReporter(terminal, clock);
  return terminal.live ? liveReporter(terminal, clock, verbose) : plainReporter(terminal, clock, verbose);
}

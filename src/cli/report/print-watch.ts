import { unreachable } from "../../kernel/unreachable.ts";
import type { WatchEvent } from "../../workflows/watch/watch-event.ts";
import type { CliContext } from "../context.ts";
import { seconds } from "./duration.ts";
import { plural } from "./plural.ts";
import { styleFor } from "./style.ts";
import { terminalText } from "./terminal-text.ts";

/** Prints what a watch says as it comes: a line each on stdout, JSON lines with `--output json`. */
export function watchPrinter({ terminal }: Pick<CliContext, "terminal">, now: () => number): (event: WatchEvent) => void {
  if (terminal.output === "json")
    return (event) => {
      terminal.out(`${JSON.stringify({ time: new Date(now()).toISOString(), ...event })}\n`);
    };
  const style = styleFor(terminal.color);
  return (event) => {
    for (const [index, line] of linesOf(event).entries()) {
      const mark = { watching: style.green("✓"), synced: style.green("↻"), reloaded: style.green("↻"), ended: style.green("✓") };
      const sign = event.event in mark ? mark[event.event as keyof typeof mark] : style.yellow("!");
      terminal.out(`${index === 0 ? sign : " "} ${terminalText(line)}\n`);
    }
  };
}

/** The sentences of an event; the first says what happened. */
function linesOf(event: WatchEvent): readonly string[] {
  switch (event.event) {
    case "watching":
      return [
        `${event.url} shows ${plural(event.files, "file")} of ${event.source} as they are saved`,
        ...(event.noticing === "polling" ? ["The kernel tells nothing of changes here: they are looked for once in a while"] : []),
        `Ctrl-C goes back to release ${event.release}; \`howdah deploy ${event.site}\` makes one of what is saved`,
      ];
    case "synced":
      return [`${namesOf(event)} ${String(event.milliseconds)} ms`];
    case "note":
      return [event.message];
    case "syntax":
      return [`${event.path}: ${event.message}`];
    case "reloaded":
      return [`site file: ${event.steps.length === 0 ? "nothing to change" : event.steps.join(", ")} ${seconds(event.milliseconds)}`];
    case "refused":
      return [`not taken: ${event.message} [${event.code}]`, ...event.output.slice(-5), event.hint];
    case "ended":
      if (event.release === null) return ["another command has put something else there: the watch is over"];
      return [`release ${event.release} serves again ${seconds(event.milliseconds)}`];
    default:
      return unreachable(event);
  }
}

/** A few names, or how many. */
const NAMES = 3;

function namesOf({ written, removed }: Extract<WatchEvent, { event: "synced" }>): string {
  const all = [...written, ...removed.map((path) => `${path} (deleted)`)];
  if (all.length <= NAMES) return all.join(", ");
  const gone = removed.length === 0 ? "" : `, ${String(removed.length)} of them deleted`;
  return `${all.slice(0, NAMES).join(", ")} and ${String(all.length - NAMES)} more: ${plural(all.length, "file")}${gone},`;
}

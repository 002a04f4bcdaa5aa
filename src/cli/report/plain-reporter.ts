import type { Clock } from "../../kernel/clock.ts";
import type { Event } from "../../kernel/event.ts";
import { unreachable } from "../../kernel/unreachable.ts";
import type { Terminal } from "../terminal.ts";
import { seconds } from "./duration.ts";
import type { Reporter } from "./reporter.ts";
import { styleFor } from "./style.ts";
import { terminalText } from "./terminal-text.ts";

/** A line when a task ends, with its time; what programs print only when `verbose`. For logs, CI and pipes. */
export function plainReporter(terminal: Terminal, clock: Clock, verbose: boolean): Reporter {
  const started = new Map<string, { readonly at: number; readonly title: string }>();
  const style = styleFor(terminal.color);
  const line = (event: Event): string | undefined => {
    switch (event.type) {
      case "task-started":
        started.set(event.id, { at: clock.now(), title: event.title });
        return verbose ? `${style.dim("....")} ${event.title}` : undefined;
      case "task-progress":
        return verbose ? `     ${style.dim(event.detail)}` : undefined;
      case "task-done": {
        const task = started.get(event.id);
        const time = seconds(clock.now() - (task?.at ?? clock.now()));
        const mark = event.outcome === "changed" ? style.green("done") : style.dim("same");
        return `${mark} ${task?.title ?? event.id} ${style.dim(`${time}${event.detail === undefined ? "" : ` · ${event.detail}`}`)}`;
      }
      case "task-failed":
        return `${style.red("fail")} ${started.get(event.id)?.title ?? event.id}`;
      case "output":
        return verbose ? `     ${style.dim(event.line)}` : undefined;
      case "notice":
        return `${event.level === "warning" ? style.yellow("warn") : style.cyan("note")} ${event.message}`;
      default:
        return unreachable(event);
    }
  };
  return {
    emit: (event) => {
      const text = line(event);
      if (text !== undefined) terminal.err(`${safe(text)}\n`);
    },
    close: () => undefined,
  };
}

/** Escapes what came from outside but keeps our own colours. */
export function safe(text: string): string {
  // biome-ignore format: the split keeps our own SGR sequences
  return text.split(/(\u001b\[\d+m)/).map((part, index) => (index % 2 === 1 ? part : terminalText(part))).join("");
}

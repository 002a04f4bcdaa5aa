import type { Clock } from "../../kernel/clock.ts";
import type { Event } from "../../kernel/event.ts";
import { unreachable } from "../../kernel/unreachable.ts";
import type { Terminal } from "../terminal.ts";
import { seconds } from "./duration.ts";
import { safe } from "./plain-reporter.ts";
import type { Reporter } from "./reporter.ts";
import { styleFor } from "./style.ts";

interface Task {
  readonly title: string;
  readonly at: number;
  detail: string;
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Shortens a line to the terminal's width, counting our colour codes as nothing. */
function fit(text: string, columns: number): string {
  let width = 0;
  return text
    .split(/(\u001b\[\d+m)/)
    .map((part, index) => {
      if (index % 2 === 1) return part;
      const kept = part.slice(0, Math.max(0, columns - 1 - width));
      width += kept.length;
      return kept;
    })
    .join("");
}

/** Running tasks at the bottom, redrawn ten times a second with their times; finished ones scroll up. */
export function liveReporter(terminal: Terminal, clock: Clock, verbose: boolean): Reporter {
  const style = styleFor(terminal.color);
  const running = new Map<string, Task>();
  let drawn = 0;
  let frame = 0;

  const erase = (): string => (drawn === 0 ? "" : `\u001b[${String(drawn)}A\u001b[0J`);
  const draw = (above: string): void => {
    const lines = [...running.values()].slice(-8).map((task) => {
      const detail = task.detail === "" ? "" : ` ${task.detail}`;
      return fit(
        safe(`${style.cyan(frames[frame % frames.length] ?? "")} ${task.title} ${style.dim(`${seconds(clock.now() - task.at)}${detail}`)}`),
        terminal.columns,
      );
    });
    terminal.err(`${erase()}${above}${lines.map((line) => `${line}\n`).join("")}`);
    drawn = lines.length;
  };
  const timer = setInterval(() => {
    frame += 1;
    if (running.size > 0) draw("");
  }, 100);
  timer.unref();

  const above = (event: Event): string => {
    switch (event.type) {
      case "task-started":
        running.set(event.id, { title: event.title, at: clock.now(), detail: "" });
        return "";
      case "task-progress": {
        const task = running.get(event.id);
        if (task !== undefined) task.detail = event.detail;
        return "";
      }
      case "task-done": {
        const task = running.get(event.id);
        running.delete(event.id);
        const mark = event.outcome === "changed" ? style.green("✓") : style.dim("·");
        return `${mark} ${task?.title ?? event.id} ${style.dim(`${seconds(clock.now() - (task?.at ?? clock.now()))}${event.detail === undefined ? "" : ` ${event.detail}`}`)}\n`;
      }
      case "task-failed": {
        const task = running.get(event.id);
        running.delete(event.id);
        return `${style.red("✗")} ${task?.title ?? event.id}\n`;
      }
      case "output":
        if (verbose) return `  ${style.dim(event.line)}\n`;
        {
          const task = running.get(event.id);
          if (task !== undefined) task.detail = event.line.trim();
        }
        return "";
      case "notice":
        return `${event.level === "warning" ? style.yellow("!") : style.cyan("i")} ${event.message}\n`;
      default:
        return unreachable(event);
    }
  };
  return {
    emit: (event) => {
      draw(safeLines(above(event)));
    },
    close: () => {
      clearInterval(timer);
      terminal.err(erase());
      drawn = 0;
    },
  };
}

function safeLines(text: string): string {
  return text === "" ? "" : `${safe(text.slice(0, -1))}\n`;
}

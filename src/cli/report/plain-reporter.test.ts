import { expect, it } from "vitest";
import type { Event } from "../../kernel/event.ts";
import type { Terminal } from "../terminal.ts";
import { jsonReporter } from "./json-reporter.ts";
import { plainReporter } from "./plain-reporter.ts";

function terminal(lines: string[], output: "text" | "json" = "text"): Terminal {
  return { out: () => undefined, err: (text) => lines.push(text), color: false, live: false, interactive: false, columns: 80, output };
}

function clock(times: number[]) {
  return { now: () => times.shift() ?? 0, sleep: async () => undefined };
}

const work: readonly Event[] = [
  { type: "task-started", id: "images", title: "Images" },
  { type: "output", id: "images", line: "unpacking" },
  { type: "task-done", id: "images", outcome: "changed", detail: "2 built" },
];

it("says a line with the time when a task ends, and what programs print only when asked", () => {
  const lines: string[] = [];
  const { emit } = plainReporter(terminal(lines), clock([1000, 3500]), false);
  for (const event of work) emit(event);
  expect(lines).toEqual(["done Images 2.5 s · 2 built\n"]);
});

it("shows everything when verbose", () => {
  const lines: string[] = [];
  const { emit } = plainReporter(terminal(lines), clock([0, 0]), true);
  for (const event of work) emit(event);
  expect(lines.join("")).toContain("unpacking");
});

it("never lets text from outside drive the terminal", () => {
  const lines: string[] = [];
  plainReporter(terminal(lines), clock([]), false).emit({
    type: "notice",
    level: "warning",
    message: "\u001b]0;owned\u0007\u001b[2Jx\r\nfake line",
  });
  expect(lines.join("")).not.toMatch(/[\u0007\r]|\n./s);
  expect(lines.join("")).not.toMatch(/\u001b\]|\u001b\[2J/);
});

it("writes one JSON object a line with --output json", () => {
  const lines: string[] = [];
  jsonReporter(terminal(lines, "json"), clock([0])).emit({ type: "notice", level: "info", message: "a\nb" });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toEqual({ time: "1970-01-01T00:00:00.000Z", type: "notice", level: "info", message: "a\nb" });
});

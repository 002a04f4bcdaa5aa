import type { Strategy } from "./dataset-rules.ts";

/** The same strategy for several columns, which stand in one line with blanks between them. */
export function columnsOf(strategy: Strategy, names: string): Readonly<Record<string, Strategy>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, strategy]));
}

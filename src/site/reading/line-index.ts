import type { Span } from "./positions.ts";

/** Turns offsets into lines and columns. Made once for a text; looking up is a binary search. */
export interface LineIndex {
  /** The words from `start` to `end` (offsets), cut at the end of the first line; at least one character long. */
  span(start: number, end: number): Span;
  /** The text of a line without its line break; empty beyond the end. */
  line(number: number): string;
}

/** Indexes a text's lines; `\n`, `\r\n` and a lone `\r` end a line. */
export function lineIndex(text: string): LineIndex {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  const find = (offset: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const lineText = (index: number): string =>
    text.slice(starts[index] ?? text.length, starts[index + 1] ?? text.length).replace(/[\r\n]+$/, "");
  return {
    span: (start, end) => {
      const index = find(Math.min(start, text.length));
      const column = start - (starts[index] ?? 0);
      const room = Math.max(1, lineText(index).trimEnd().length - column);
      return { line: index + 1, column: column + 1, length: Math.max(1, Math.min(end - start, room)) };
    },
    line: (number) => lineText(number - 1),
  };
}

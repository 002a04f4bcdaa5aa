import { CST, Lexer } from "yaml";
import { limits } from "./limits.ts";
import type { LineIndex } from "./line-index.ts";
import type { PositionedDiagnostic } from "./positions.ts";

/** What the guard says: `stop` means that the text must not be parsed at all. */
export interface GuardResult {
  readonly stop: boolean;
  readonly diagnostics: readonly PositionedDiagnostic[];
}

// Everything that a terminal or a reader's eye would not show as it is: C0 but tab and line breaks, DEL, C1, bidirectional controls, lone surrogates.
const invisible =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\r(?!\n)/g;

/**
 * Looks at a text before the YAML parser does, in linear time and without recursion, with the parser's own lexer, so that
 * both agree on what is a string. Refuses what is too large or too deep to parse safely, and what a site file never needs.
 */
export function guardText(text: string, lines: LineIndex): GuardResult {
  if (text.length > limits.bytes) {
    const words: Words = [
      "site/too-large",
      `the file is larger than ${limits.bytes / 1024} kB`,
      "Move long texts into files of their own.",
    ];
    return { stop: true, diagnostics: [finding(lines, [0, 1], words)] };
  }
  const characters = hiddenCharacters(text, lines);
  return characters.length > 0 ? { stop: true, diagnostics: characters } : guardTokens(text, lines);
}

/** A range of the text, as offsets. */
type Range = readonly [start: number, end: number];

/** Code, message and hint of a finding. */
type Words = readonly [code: `site/${string}`, message: string, hint: string];

function finding(lines: LineIndex, [start, end]: Range, [code, message, hint]: Words): PositionedDiagnostic {
  return { code, severity: "error", message, path: [], hint, position: lines.span(start, end) };
}

function hiddenCharacters(text: string, lines: LineIndex): PositionedDiagnostic[] {
  const found: PositionedDiagnostic[] = [];
  for (const match of text.matchAll(invisible)) {
    const point = match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    const words: Words = ["site/control-character", `the file holds the invisible character U+${point}`, "Remove it."];
    found.push(finding(lines, [match.index, match.index + 1], words));
    if (found.length === 10) break;
  }
  return found;
}

/** What stands where in the token stream: depth of flow collections, columns of open block collections. */
interface Nesting {
  flow: number;
  readonly columns: number[];
  firstOnLine: boolean;
}

/** Tokens that a site file never needs, and what to write instead. */
const refusedTokens: Readonly<Record<string, { readonly stop: boolean; words(source: string): Words }>> = {
  alias: {
    stop: false,
    words: (source) => [
      "site/alias",
      `\`${source}\` is a YAML alias, and a site file has none`,
      "If it is a text that starts with `*`, put it in quotes.",
    ],
  },
  anchor: {
    stop: false,
    words: (source) => [
      "site/anchor",
      `\`${source}\` is a YAML anchor, and a site file has none`,
      "If it is a text that starts with `&`, put it in quotes.",
    ],
  },
  tag: {
    stop: false,
    words: (source) => [
      "site/tag",
      `\`${source}\` is a YAML tag, and a site file has none`,
      "If it is a text that starts with `!`, put it in quotes.",
    ],
  },
  "directive-line": {
    stop: true,
    words: (source) => [
      "site/directive",
      `\`${source}\` is a YAML directive, and a site file has none`,
      "Remove the line; a text that starts with `%` needs quotes.",
    ],
  },
};

const opening: ReadonlySet<string> = new Set(["flow-map-start", "flow-seq-start"]);
const closing: ReadonlySet<string> = new Set(["flow-map-end", "flow-seq-end"]);
const silent: ReadonlySet<string> = new Set(["space", "comment", "newline", "doc-mode", "flow-error-end"]);

function guardTokens(text: string, lines: LineIndex): GuardResult {
  const diagnostics: PositionedDiagnostic[] = [];
  const nesting: Nesting = { flow: 0, columns: [], firstOnLine: true };
  let stop = false;
  let offset = 0;
  let lineStart = 0;
  let count = 0;
  let scalarNext = false;
  let significant = "";
  for (const source of new Lexer().lex(text)) {
    const type: string = scalarNext ? "scalar" : (CST.tokenType(source) ?? "scalar");
    const marker: boolean = !scalarNext && (source === CST.SCALAR || source === CST.DOCUMENT || source === CST.FLOW_END);
    scalarNext = marker && source === CST.SCALAR;
    const range: Range = [offset, offset + source.length];
    if (marker && source === CST.FLOW_END) nesting.flow = 0;
    if (!marker) offset += source.length;
    if (++count > limits.tokens) {
      const words: Words = [
        "site/too-large",
        `the file has more than ${limits.tokens} words and signs`,
        "Move long lists into files of their own.",
      ];
      return { stop: true, diagnostics: [...diagnostics, finding(lines, range, words)] };
    }
    const refused = Object.hasOwn(refusedTokens, type) ? refusedTokens[type] : undefined;
    if (refused !== undefined && diagnostics.length < 20) {
      const next = finding(lines, range, refused.words(source.slice(0, 60)));
      // One of a kind a line: `*/5 * * * *` without quotes looks like five aliases.
      const again = diagnostics.some(({ code, position }) => code === next.code && position?.line === next.position?.line);
      if (!again) diagnostics.push(next);
    }
    stop ||= refused?.stop === true;
    const column = range[0] - lineStart;
    // A block scalar's text starts in the first column but opens nothing.
    const blockText = type === "scalar" && significant === "block-scalar-header";
    if (!silent.has(type) && !marker) significant = type;
    // Only real line ends count: what follows a quoted text of several lines stays to its right, so depth is never underestimated.
    if (type === "newline" || (blockText && !marker)) [lineStart, nesting.firstOnLine] = [offset, true];
    if (blockText || marker) continue;
    if (nest(nesting, type, column) > limits.guardDepth) {
      const words: Words = ["site/too-deep", `the file is more than ${limits.depth} levels deep`, "A site file needs about eight."];
      return { stop: true, diagnostics: [...diagnostics, finding(lines, range, words)] };
    }
  }
  return { stop, diagnostics };
}

/** Takes one token into account; the result is a depth that real nesting exceeds at most twofold (a list under its key's column). */
function nest(nesting: Nesting, type: string, column: number): number {
  if (silent.has(type)) return 0;
  if (nesting.flow === 0) {
    const { columns } = nesting;
    if (nesting.firstOnLine) while ((columns.at(-1) ?? -1) > column) columns.pop();
    if ((columns.at(-1) ?? -1) < column) columns.push(column);
  }
  nesting.firstOnLine = false;
  if (opening.has(type)) nesting.flow += 1;
  if (closing.has(type)) nesting.flow = Math.max(0, nesting.flow - 1);
  return Math.max(nesting.flow, nesting.columns.length);
}

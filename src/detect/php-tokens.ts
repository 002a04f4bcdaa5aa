/** One word of PHP source that means something; comments and white space are gone. */
export interface PhpToken {
  /** `html` is what lies outside `<?php`; `string` holds the text between the quotes, unescaped only for `\\` and the quote. */
  readonly kind: "html" | "name" | "variable" | "string" | "template" | "number" | "operator" | "attribute";
  readonly text: string;
  readonly offset: number;
}

const opening = /<\?(?:php(?=\s|$)|=|(?=\s))/gi;
const blank = /[\s]+/y;
const word = /\\?[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*(?:\\[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)*/y;
const variable = /\$[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y;
const digits = /(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
const heredocStart = /<<<[ \t]*(["']?)([A-Za-z_]\w*)\1\r?\n/y;
const lineEnd = /\r|\n|\?>/g;
const operators = ["?->", "??=", "...", "===", "!==", "<=>", "->", "::", "=>", "??", "==", "!=", "<=", ">=", "&&", "||", ".="];
const longOperators = new Map<string, readonly string[]>();
for (const operator of operators) {
  const first = operator.charAt(0);
  longOperators.set(first, [...(longOperators.get(first) ?? []), operator]);
}

/** The end of a quoted string that starts at `from`: the index of the closing quote, or the end of the text. */
function closingQuote(text: string, from: number, quote: string): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\\") at += 1;
    else if (char === quote) return at;
  }
  return text.length;
}

function match(expression: RegExp, text: string, at: number): string | undefined {
  expression.lastIndex = at;
  return expression.exec(text)?.[0];
}

/** Skips a comment that starts at `at`; returns the index behind it, or `at` when there is none. */
function behindComment(text: string, at: number): number {
  if (text.startsWith("/*", at)) {
    const end = text.indexOf("*/", at + 2);
    return end === -1 ? text.length : end + 2;
  }
  const hash = text[at] === "#" && text[at + 1] !== "[";
  if (!hash && !text.startsWith("//", at)) return at;
  lineEnd.lastIndex = at;
  const end = lineEnd.exec(text);
  return end === null ? text.length : end.index;
}

/** Reads a heredoc or nowdoc that starts at `at`; undefined when there is none. */
function readHeredoc(text: string, at: number): { readonly token: PhpToken; readonly end: number } | undefined {
  heredocStart.lastIndex = at;
  const start = heredocStart.exec(text);
  if (start === null) return undefined;
  const body = at + start[0].length;
  const close = new RegExp(`^[ \\t]*${start[2] ?? ""}\\b`, "gm");
  close.lastIndex = body;
  const end = close.exec(text);
  const stop = end === null ? text.length : end.index;
  const kind = start[1] === "'" ? "string" : "template";
  return { token: { kind, text: text.slice(body, stop), offset: at }, end: end === null ? text.length : end.index + end[0].length };
}

/** Reads one token at `at`, which is neither blank nor a comment. */
function readToken(text: string, at: number): { readonly token: PhpToken; readonly end: number } {
  const char = text.charAt(at);
  if (char === "'" || char === '"' || char === "`") {
    const end = closingQuote(text, at, char);
    const raw = text.slice(at + 1, end);
    const plain = raw.includes("\\") ? raw.replaceAll("\\\\", "\\").replaceAll(`\\${char}`, char) : raw;
    const kind = char === "'" || (char === '"' && !/\$[A-Za-z_{]|\{\$/.test(raw)) ? "string" : "template";
    return { token: { kind, text: char === "`" ? `\`${plain}` : plain, offset: at }, end: end + 1 };
  }
  if (char === "#") return { token: { kind: "attribute", text: "#[", offset: at }, end: at + 2 };
  const heredoc = char === "<" ? readHeredoc(text, at) : undefined;
  if (heredoc !== undefined) return heredoc;
  for (const [kind, expression] of [
    ["variable", variable],
    ["name", word],
    ["number", digits],
  ] as const) {
    const found = match(expression, text, at);
    if (found !== undefined) return { token: { kind, text: found, offset: at }, end: at + found.length };
  }
  const operator = longOperators.get(char)?.find((candidate) => text.startsWith(candidate, at)) ?? char;
  return { token: { kind: "operator", text: operator, offset: at }, end: at + operator.length };
}

/**
 * Splits PHP source into its words, without running anything and in one pass. It is a scanner and not a parser: enough to see which
 * functions, classes and syntax a file uses, and safe on any input (every step moves forward, unclosed quotes end with the file).
 */
export function phpTokens(text: string): PhpToken[] {
  const tokens: PhpToken[] = [];
  let at = 0;
  while (at < text.length) {
    opening.lastIndex = at;
    const start = opening.exec(text);
    const from = start === null ? text.length : start.index;
    if (from > at) tokens.push({ kind: "html", text: text.slice(at, from), offset: at });
    if (start === null) break;
    at = readPhp(text, start.index + start[0].length, tokens);
  }
  return tokens;
}

/** Reads from behind an opening tag to behind the closing one; returns where HTML goes on. */
function readPhp(text: string, from: number, tokens: PhpToken[]): number {
  let at = from;
  while (at < text.length) {
    const space = match(blank, text, at);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const behind = behindComment(text, at);
    if (behind > at) {
      at = behind;
      continue;
    }
    if (text.startsWith("?>", at)) return at + 2;
    const { token, end } = readToken(text, at);
    tokens.push(token);
    at = end;
  }
  return at;
}

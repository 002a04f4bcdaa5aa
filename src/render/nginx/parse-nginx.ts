import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Directive } from "./directive.ts";

type Token = { readonly kind: "word"; readonly text: string } | { readonly kind: ";" | "{" | "}" };

/** Deeper than any configuration of ours. */
const MAX_DEPTH = 20;

/**
 * Reads an nginx configuration as nginx does (quotes, escapes, comments, blocks), to the tree that it means. Fails with `render/unsafe`
 * on what nginx would refuse to read. Lua and other foreign blocks are not known.
 */
export function parseNginx(text: string): Directive[] {
  const tokens = tokenize(text);
  const cursor = { at: 0 };
  const tree = readBlock(tokens, cursor, 0);
  if (cursor.at < tokens.length) throw broken("a `}` closes nothing");
  return tree;
}

function readBlock(tokens: readonly Token[], cursor: { at: number }, depth: number): Directive[] {
  if (depth > MAX_DEPTH) throw broken("blocks are nested too deep");
  const found: Directive[] = [];
  for (;;) {
    const token = tokens[cursor.at];
    if (token === undefined || token.kind === "}") return found;
    if (token.kind !== "word") throw broken(`unexpected \`${token.kind}\``);
    found.push(readDirective(token.text, tokens, cursor, depth));
  }
}

function readDirective(name: string, tokens: readonly Token[], cursor: { at: number }, depth: number): Directive {
  const args: string[] = [];
  for (;;) {
    cursor.at += 1;
    const token = tokens[cursor.at];
    if (token === undefined || token.kind === "}") throw broken(`\`${name}\` has no end`);
    if (token.kind === "word") args.push(token.text);
    else if (token.kind === ";") {
      cursor.at += 1;
      return { name, args };
    } else {
      cursor.at += 1;
      const inner = readBlock(tokens, cursor, depth + 1);
      if (tokens[cursor.at]?.kind !== "}") throw broken(`the block of \`${name}\` has no end`);
      cursor.at += 1;
      return { name, args, block: inner };
    }
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? "";
    if (/[ \t\r\n]/.test(char)) at += 1;
    else if (char === "#") at = endOfLine(text, at);
    else if (char === ";" || char === "{" || char === "}") {
      tokens.push({ kind: char });
      at += 1;
    } else {
      const end = char === '"' || char === "'" ? endOfQuoted(text, at, char) : endOfPlain(text, at);
      const quoted = char === '"' || char === "'";
      tokens.push({ kind: "word", text: unescape(quoted ? text.slice(at + 1, end - 1) : text.slice(at, end)) });
      at = end;
      if (quoted && !/[\s;{)]/.test(text[at] ?? " ")) throw broken(`unexpected \`${text[at] ?? ""}\` after a quote`);
    }
  }
  return tokens;
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end === -1 ? text.length : end;
}

function endOfQuoted(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === quote) return at + 1;
  }
  throw broken("a quote has no end");
}

function endOfPlain(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\\") at += 1;
    else if (char === "$" && text[at + 1] === "{") at += 1;
    else if (/[ \t\r\n;{]/.test(char)) return at;
  }
  throw broken("a word has no end");
}

function unescape(raw: string): string {
  return raw.replace(/\\(["'\\trn])/g, (_, char: string) => ({ t: "\t", r: "\r", n: "\n" })[char] ?? char);
}

function broken(why: string): HowdahError {
  return new HowdahError("render/unsafe", `The nginx configuration can't be read: ${why}`);
}

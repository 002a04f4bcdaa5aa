import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Directive } from "./directive.ts";
import { parseNginx } from "./parse-nginx.ts";

/** nginx reads with a buffer of 4096 bytes and refuses longer words. */
const MAX_WORD_BYTES = 4000;

/** Characters that mean nothing to nginx' reader anywhere in a word; everything else is quoted. */
const PLAIN = /^[A-Za-z0-9_./:=+,@%~^*!?$&()|<>[\]-]+$/;

/**
 * The text of a configuration, read again and compared: what nginx will read is what was meant, or it fails with `render/unsafe`.
 */
export function printNginx(tree: readonly Directive[]): string {
  const text = tree.map((one) => printDirective(one, 0)).join("");
  verifyPrinted(text, tree);
  return text;
}

/** Directives that stand in a block of another file, which includes them; read again like a whole configuration. */
export function printPart(tree: readonly Directive[]): string {
  const text = tree.map((one) => printDirective(one, 1)).join("");
  verifyPrinted(text, tree);
  return text;
}

/** Fails with `render/unsafe` unless `text`, read as nginx reads it, is exactly `tree`. */
export function verifyPrinted(text: string, tree: readonly Directive[]): void {
  const again = parseNginx(text);
  if (JSON.stringify(again) !== JSON.stringify(canonical(tree))) {
    throw new HowdahError("render/unsafe", "The nginx configuration, read again, is not what was rendered");
  }
}

function canonical(tree: readonly Directive[]): Directive[] {
  return tree.map(({ name, args, block }) => ({ name, args: [...args], ...(block === undefined ? {} : { block: canonical(block) }) }));
}

function printDirective({ name, args, block }: Directive, depth: number): string {
  if (!/^[a-z_][a-z0-9_]*$/.test(name) && depth === 0) throw unsafe(name, "is no directive");
  const indent = "  ".repeat(depth);
  const head = indent + [printWord(name), ...args.map(printWord)].join(" ");
  if (block === undefined) return `${head};\n`;
  if (block.length === 0) return `${head} {\n${indent}}\n`;
  return `${head} {\n${block.map((one) => printDirective(one, depth + 1)).join("")}${indent}}\n`;
}

function printWord(word: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (/[\u0000-\u001f\u007f\u2028\u2029]/.test(word)) throw unsafe(word, "holds control characters");
  if (!word.isWellFormed()) throw unsafe(word, "is not well-formed Unicode");
  const text = PLAIN.test(word) ? word : `"${word.replace(/["\\]/g, escapeInQuotes)}"`;
  if (new TextEncoder().encode(text).length > MAX_WORD_BYTES)
    throw unsafe(`${word.slice(0, 40)}…`, `is longer than ${MAX_WORD_BYTES} bytes`);
  return text;
}

/** nginx drops a backslash before quotes, backslashes, `t`, `r` and `n` only; it is doubled just there, so that expressions stay readable. */
function escapeInQuotes(char: string, at: number, word: string): string {
  if (char === '"') return '\\"';
  const next = word[at + 1];
  return next === undefined || `"'\\trn`.includes(next) ? "\\\\" : "\\";
}

function unsafe(word: string, why: string): HowdahError {
  return new HowdahError("render/unsafe", `A word for nginx ${why}: ${JSON.stringify(word)}`);
}

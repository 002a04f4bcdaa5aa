import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { HaproxySection } from "./haproxy-tree.ts";
import { parseHaproxy } from "./parse-haproxy.ts";

/** HAProxy reads lines of 2048 bytes and refuses longer ones, and more than 64 words. */
const MAX_LINE_BYTES = 2000;
const MAX_WORDS = 60;

/** Characters that mean nothing to HAProxy's reader. */
const PLAIN = /^[A-Za-z0-9_./:=+,@%~^*!?&()<>[\]{}|-]+$/;

/** The text of a configuration, read again and compared: what HAProxy will read is what was meant, or it fails with `render/unsafe`. */
export function printHaproxy(tree: readonly HaproxySection[]): string {
  const text = tree.map(printSection).join("\n");
  const meant = tree.map(({ kind, name, lines }) => ({ kind, ...(name === undefined ? {} : { name }), lines }));
  if (JSON.stringify(parseHaproxy(text)) !== JSON.stringify(meant))
    throw new HowdahError("render/unsafe", "The configuration of HAProxy, read again, is not what was rendered");
  return text;
}

function printSection({ kind, name, lines }: HaproxySection): string {
  return [printLine(name === undefined ? [kind] : [kind, name]), ...lines.map((words) => `  ${printLine(words)}`), ""].join("\n");
}

function printLine(words: readonly string[]): string {
  const text = words.map(printWord).join(" ");
  if (new TextEncoder().encode(text).length > MAX_LINE_BYTES || words.length > MAX_WORDS)
    throw new HowdahError("render/unsafe", `A line for HAProxy is too long: ${text.slice(0, 40)}…`);
  return text;
}

/** Quoted strongly, where nothing is expanded; a quote itself is escaped outside. */
function printWord(word: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (/[\u0000-\u001f\u007f\u2028\u2029]/.test(word) || !word.isWellFormed())
    throw new HowdahError("render/unsafe", `A word for HAProxy holds characters that it can't have: ${JSON.stringify(word)}`);
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

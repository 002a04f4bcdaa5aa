import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { HaproxySection } from "./haproxy-tree.ts";

const KINDS: readonly string[] = ["global", "defaults", "resolvers", "listen", "frontend"];

/**
 * Reads a configuration as HAProxy does (its manual, 2.2 "Quoting and escaping"), to the tree that it means. Error: `render/unsafe` for what
 * HAProxy would refuse, and for what it would expand: ours has no variables.
 */
export function parseHaproxy(text: string): HaproxySection[] {
  const sections: { kind: HaproxySection["kind"]; name?: string; lines: string[][] }[] = [];
  for (const words of text.split("\n").map(wordsOf)) {
    const [first, name, ...more] = words;
    if (first === undefined) continue;
    if (KINDS.includes(first)) {
      if (more.length > 0) throw broken(`\`${first}\` has more than a name`);
      sections.push({ kind: first as HaproxySection["kind"], ...(name === undefined ? {} : { name }), lines: [] });
    } else {
      const section = sections.at(-1);
      if (section === undefined) throw broken(`\`${first}\` stands in no section`);
      section.lines.push(words);
    }
  }
  return sections;
}

/** The words of one line: quoted pieces join what stands beside them. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end === -1) throw broken("a quote has no end");
      word = (word ?? "") + text.slice(at + 1, end);
      at = end;
    } else if (char === "\\") {
      at += 1;
      word = (word ?? "") + escaped(text[at]);
    } else if (char === " " || char === "\t") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "#") break;
    else if (char === '"') throw broken('`"` would expand variables');
    else word = (word ?? "") + char;
  }
  return word === undefined ? words : [...words, word];
}

function escaped(char: string | undefined): string {
  if (char === undefined || /[a-z0-9]/i.test(char)) throw broken("a backslash stands before what it can't escape");
  return char;
}

function broken(why: string): HowdahError {
  return new HowdahError("render/unsafe", `The configuration of HAProxy can't be read: ${why}`);
}

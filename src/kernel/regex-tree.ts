/** A regular expression (the part of PCRE that web servers' rules use) as a tree, for those who judge or translate one without running it. */
export type RegexNode =
  | { readonly kind: "literal"; readonly char: string }
  /** Anything that matches one character of several: `.`, `\d`, `[^/]`. */
  | { readonly kind: "class"; readonly text: string }
  /** Matches a place, not a character: `^`, `$`, `\b`. */
  | { readonly kind: "anchor"; readonly text: string }
  | { readonly kind: "backreference"; readonly text: string }
  /** Inline settings such as `(?i)`. */
  | { readonly kind: "flags"; readonly text: string }
  /** `prefix` is what follows `(`: "" for a plain capture, `?:`, `?=`, `?!`, `?<=`, `?<!`, `?>`, `?<name>`; `open` is the offset of `(`. */
  | { readonly kind: "group"; readonly prefix: string; readonly captures: boolean; readonly open: number; readonly body: RegexNode }
  | { readonly kind: "sequence"; readonly items: readonly RegexNode[] }
  | { readonly kind: "either"; readonly options: readonly RegexNode[] }
  | {
      readonly kind: "repeat";
      readonly item: RegexNode;
      readonly min: number;
      /** Infinity when nothing bounds it. */
      readonly max: number;
      readonly mode: "greedy" | "lazy" | "possessive";
    };

interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
}

/** Deep enough for real rules, shallow enough for any stack. */
const MAX_DEPTH = 50;

/** Reads a regular expression; undefined when it is unbalanced or uses something that this reader does not know. Never throws. */
export function parseRegex(text: string): RegexNode | undefined {
  const cursor: Cursor = { text, at: 0, depth: 0 };
  const node = readEither(cursor);
  return node !== undefined && cursor.at === text.length ? node : undefined;
}

function readEither(cursor: Cursor): RegexNode | undefined {
  const options: RegexNode[] = [];
  for (;;) {
    const option = readSequence(cursor);
    if (option === undefined) return undefined;
    options.push(option);
    if (cursor.text[cursor.at] !== "|") break;
    cursor.at += 1;
  }
  return options.length === 1 ? options[0] : { kind: "either", options };
}

function readSequence(cursor: Cursor): RegexNode | undefined {
  const items: RegexNode[] = [];
  for (;;) {
    const char = cursor.text[cursor.at];
    if (char === undefined || char === "|" || char === ")") return { kind: "sequence", items };
    const atom = readAtom(cursor, char);
    if (atom === undefined) return undefined;
    const repeated = readRepeat(cursor, atom);
    if (repeated === undefined) return undefined;
    items.push(repeated);
  }
}

function readAtom(cursor: Cursor, char: string): RegexNode | undefined {
  if (char === "(") return readGroup(cursor);
  if (char === "[") return readClass(cursor);
  if (char === "\\") return readEscape(cursor);
  if ("*+?".includes(char)) return undefined;
  cursor.at += 1;
  if (char === ".") return { kind: "class", text: "." };
  return char === "^" || char === "$" ? { kind: "anchor", text: char } : { kind: "literal", char };
}

const GROUP_PREFIX = /\((\?(?::|=|!|<=|<!|>|P?<[A-Za-z_][A-Za-z0-9_]*>))?/y;
const INLINE_FLAGS = /\(\?[imsx]+\)/y;

function readGroup(cursor: Cursor): RegexNode | undefined {
  const open = cursor.at;
  INLINE_FLAGS.lastIndex = open;
  const flags = INLINE_FLAGS.exec(cursor.text)?.[0];
  if (flags !== undefined) {
    cursor.at += flags.length;
    return { kind: "flags", text: flags };
  }
  GROUP_PREFIX.lastIndex = open;
  const found = GROUP_PREFIX.exec(cursor.text);
  if (found === null || cursor.depth >= MAX_DEPTH) return undefined;
  cursor.at += found[0].length;
  if (found[1] === undefined && cursor.text[cursor.at] === "?") return undefined;
  cursor.depth += 1;
  const body = readEither(cursor);
  cursor.depth -= 1;
  if (body === undefined || cursor.text[cursor.at] !== ")") return undefined;
  cursor.at += 1;
  const prefix = found[1] ?? "";
  return { kind: "group", prefix, captures: prefix === "" || /^\?P?<[A-Za-z_]/.test(prefix), open, body };
}

const CLASS = /\[\^?\]?(?:[^\]\\[]|\\[\s\S]|\[(?::\^?[a-z]+:\])?)*\]/y;

function readClass(cursor: Cursor): RegexNode | undefined {
  CLASS.lastIndex = cursor.at;
  const text = CLASS.exec(cursor.text)?.[0];
  if (text === undefined) return undefined;
  cursor.at += text.length;
  return { kind: "class", text };
}

function readEscape(cursor: Cursor): RegexNode | undefined {
  const char = cursor.text[cursor.at + 1];
  if (char === undefined) return undefined;
  const hex = /^\\x([0-9a-fA-F]{2})/.exec(cursor.text.slice(cursor.at, cursor.at + 4));
  if (hex?.[1] !== undefined) {
    cursor.at += 4;
    return { kind: "literal", char: String.fromCharCode(Number.parseInt(hex[1], 16)) };
  }
  cursor.at += 2;
  if (/[dDwWsSvVhHR]/.test(char)) return { kind: "class", text: `\\${char}` };
  if (/[bBAzZ]/.test(char)) return { kind: "anchor", text: `\\${char}` };
  if (/[1-9]/.test(char)) return { kind: "backreference", text: `\\${char}` };
  const control = { n: "\n", r: "\r", t: "\t" }[char];
  if (control !== undefined) return { kind: "literal", char: control };
  return /[A-Za-z0-9]/.test(char) ? undefined : { kind: "literal", char };
}

const REPEAT = /(?:([*+?])|\{(\d{1,4})(,(\d{0,4}))?\})([?+])?/y;

function readRepeat(cursor: Cursor, item: RegexNode): RegexNode | undefined {
  REPEAT.lastIndex = cursor.at;
  const found = REPEAT.exec(cursor.text);
  if (found === null) return item;
  cursor.at += found[0].length;
  if (/[*+?]/.test(cursor.text[cursor.at] ?? "")) return undefined;
  const [, sign, low, comma, high, suffix] = found;
  const min = sign === undefined ? Number(low) : sign === "+" ? 1 : 0;
  const max = sign === undefined ? bound(low ?? "0", comma, high) : sign === "?" ? 1 : Number.POSITIVE_INFINITY;
  return { kind: "repeat", item, min, max, mode: suffix === "+" ? "possessive" : suffix === "?" ? "lazy" : "greedy" };
}

function bound(low: string, comma: string | undefined, high: string | undefined): number {
  if (comma === undefined) return Number(low);
  return high === undefined || high === "" ? Number.POSITIVE_INFINITY : Number(high);
}

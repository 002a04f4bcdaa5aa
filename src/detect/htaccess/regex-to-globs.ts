import { parseRegex, type RegexNode } from "../../kernel/regex-tree.ts";

/** More patterns than this are a rule of another kind. */
const MAX_PATTERNS = 200;

/**
 * Says a regular expression as a finite list of patterns for `spec.web.deny` (`*` within one segment, `**` across), or undefined when
 * that can't be done without denying more or less than it does. `^` and `$` at the ends are kept as `open`/`closed` ends:
 * an open start becomes a leading `**`, an open end a trailing `**`.
 */
export function regexToGlobs(pattern: string): readonly string[] | undefined {
  const tree = parseRegex(withoutDotFiles(pattern));
  if (tree === undefined) return undefined;
  const parts = expand(tree);
  if (parts === undefined || parts.length > MAX_PATTERNS) return undefined;
  const globs = parts.map(ends);
  return globs.every((glob): glob is string => glob !== undefined) ? [...new Set(globs)] : undefined;
}

/** Alternatives that only name dot files (often with a look-ahead for .well-known) or editors' `#names#`: Howdah never serves those. */
function withoutDotFiles(pattern: string): string {
  return pattern
    .replace(/\\\.\(\?![^()]*\)(?:\.\*)?\|/, "")
    .replace(/\|\\\.\(\?![^()]*\)(?:\.\*)?/, "")
    .replace(/\|\^#\.\*#\$/, "");
}

/** Marks for `^` and `$` while expanding; control characters can't come from a pattern that is expanded. */
const START = "\u0001";
const END = "\u0002";

function ends(part: string): string | undefined {
  const inner = part.replace(/^\u0001/, "").replace(/\u0002$/, "");
  if (/[\u0001\u0002]/.test(inner)) return undefined;
  const glob = `${part.startsWith(START) ? "" : "**"}${inner}${part.endsWith(END) ? "" : "**"}`.replace(/\*{3,}/g, "**");
  return /^[A-Za-z0-9/._~*-]*$/.test(glob) ? glob : undefined;
}

function expand(node: RegexNode): readonly string[] | undefined {
  switch (node.kind) {
    case "literal":
      return [node.char];
    case "anchor":
      return node.text === "^" ? [START] : node.text === "$" ? [END] : undefined;
    case "group":
      return node.prefix === "" || node.prefix === "?:" ? expand(node.body) : undefined;
    case "either":
      return joinAll(node.options.map(expand));
    case "sequence":
      return node.items.reduce<readonly string[] | undefined>((sofar, item) => product(sofar, expand(item)), [""]);
    case "repeat":
      return expandRepeat(node);
    case "class":
      return expandClass(node.text);
    default:
      return undefined;
  }
}

function expandRepeat(node: RegexNode & { kind: "repeat" }): readonly string[] | undefined {
  if (node.item.kind === "class" && node.max === Number.POSITIVE_INFINITY) {
    if (node.item.text === ".") return ["**"];
    if (node.item.text === "[^/]") return ["*"];
  }
  const item = expand(node.item);
  if (node.max === 1 && item !== undefined) return node.min === 0 ? ["", ...item] : item;
  return undefined;
}

/** `[ab]` and `[0-9]` as their characters, when they are few. */
function expandClass(text: string): readonly string[] | undefined {
  // Between letters an unescaped dot is nearly always meant as a dot: `README.md`. Denying that name is what its author wanted.
  if (text === ".") return ["."];
  if (text === "\\d") return "0123456789".split("");
  const plain = /^\[((?:[A-Za-z0-9_.~]|\\\.)+)\]$/.exec(text)?.[1]?.replaceAll("\\", "");
  if (plain !== undefined) return plain.split("");
  return text === "[0-9]" ? "0123456789".split("") : undefined;
}

function joinAll(lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const joined: string[] = [];
  for (const list of lists) {
    if (list === undefined) return undefined;
    joined.push(...list);
  }
  return joined;
}

function product(left: readonly string[] | undefined, right: readonly string[] | undefined): readonly string[] | undefined {
  if (left === undefined || right === undefined || left.length * right.length > MAX_PATTERNS * 2) return undefined;
  return left.flatMap((head) => right.map((tail) => head + tail));
}

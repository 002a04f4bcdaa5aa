import { parseRegex, type RegexNode } from "./regex-tree.ts";

/** Longer than any real rule; keeps the judging itself cheap. */
const MAX_LENGTH = 1024;
/** Three unbounded pieces in a row cost the cube of a URL's length at worst, which PCRE's match limit still stops soon. */
const MAX_UNBOUNDED = 3;

/**
 * Why a regular expression must not be given to a web server, in one clause, or undefined when it may (test G7 of the reliability list).
 * It refuses what can take exponential time on a hostile URL (repeats within repeats, where the inner can take over the outer's start),
 * high polynomial time (more than three unbounded pieces), control characters, and what can't be read at all.
 */
export function riskyRegex(pattern: string): string | undefined {
  if (pattern.length > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters`;
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused
  if (/[\u0000-\u001f\u007f]/.test(pattern)) return "it holds control characters";
  const tree = parseRegex(pattern);
  if (tree === undefined) return "it is not a regular expression that can be judged (unbalanced, or with rare constructs)";
  if (nestedRepeat(tree)) return "a repeat within a repeat is ambiguous, so a hostile URL could take exponential time";
  return unbounded(tree) > MAX_UNBOUNDED ? `it has more than ${MAX_UNBOUNDED} unbounded repeats of any character` : undefined;
}

function children(node: RegexNode): readonly RegexNode[] {
  switch (node.kind) {
    case "group":
      return [node.body];
    case "sequence":
      return node.items;
    case "either":
      return node.options;
    case "repeat":
      return [node.item];
    default:
      return [];
  }
}

function isUnbounded(node: RegexNode): boolean {
  return node.kind === "repeat" && node.mode !== "possessive" && node.max > 20;
}

function nestedRepeat(node: RegexNode): boolean {
  if (node.kind === "repeat" && isUnbounded(node) && ambiguous(node.item)) return true;
  return children(node).some(nestedRepeat);
}

/** True when a body that is repeated could be cut into repetitions in more than one way. */
function ambiguous(body: RegexNode): boolean {
  if (body.kind === "group") return body.prefix === "?>" ? false : ambiguous(body.body);
  if (body.kind === "either") return body.options.length > 1 && !distinctStarts(body.options);
  if (body.kind !== "sequence") return body.kind === "repeat" && body.max > 1;
  const inner = descendants(body).filter((node) => node.kind === "repeat" && node.mode !== "possessive");
  if (inner.length === 0) return body.items.some(ambiguous);
  const [first] = body.items;
  if (first === undefined || first.kind !== "literal") return true;
  return inner.some((node) => node.kind === "repeat" && mayMatch(node.item, first.char));
}

/** Alternatives that begin with different characters, none of them with a repeat: only one can match at a place. */
function distinctStarts(options: readonly RegexNode[]): boolean {
  const starts = options.map((option) => {
    if (descendants(option).some((node) => node.kind === "repeat")) return undefined;
    const first = option.kind === "sequence" ? option.items[0] : option;
    return first?.kind === "literal" ? first.char.toLowerCase() : undefined;
  });
  return starts.every((start) => start !== undefined) && new Set(starts).size === starts.length;
}

function descendants(node: RegexNode): RegexNode[] {
  return [node, ...children(node).flatMap(descendants)];
}

function mayMatch(node: RegexNode, char: string): boolean {
  if (node.kind === "literal") return node.char === char;
  if (node.kind !== "class" || !/^\[\^?[A-Za-z0-9_.~\-/]+\]$/.test(node.text)) return true;
  // The class has only plain characters and ranges, which JavaScript reads as PCRE does.
  return new RegExp(node.text.replaceAll("/", "\\/")).test(char);
}

function unbounded(node: RegexNode): number {
  if (node.kind === "either") return Math.max(...node.options.map(unbounded));
  const own = node.kind === "repeat" && isUnbounded(node) && wide(node.item) ? 1 : 0;
  return own + children(node).reduce((sum, child) => sum + unbounded(child), 0);
}

function wide(node: RegexNode): boolean {
  return node.kind === "class" && (node.text === "." || node.text.startsWith("[^") || /^\\[DWS]$/.test(node.text));
}

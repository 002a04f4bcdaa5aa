/** Rewrites one text of a structure. */
export type RewriteText = (value: string, path: readonly string[], key: boolean) => string;

/** What becomes of a number, true, false or null: its JSON; undefined leaves it. */
export type RewriteScalar = (literal: string, path: readonly string[]) => string | undefined;

const DEEPEST = 128;

/** What begins and ends as an object or a list does. */
export function looksJson(text: string): boolean {
  return /^\s{0,20}(?:\{\s{0,20}["}]|\[)/.test(text) && /[\]}]\s{0,20}$/.test(text.slice(-30));
}

/**
 * Rewrites the texts inside JSON; whatever is not changed stays byte by byte: numbers of any size, the order of keys, blanks, and how a text was escaped.
 * Undefined when it is no JSON.
 */
export function rewriteJson(text: string, rewrite: RewriteText, scalar: RewriteScalar = () => undefined): string | undefined {
  const walker: Walker = { text, at: 0, out: [], rewrite, scalar };
  try {
    blanks(walker);
    walk(walker, [], 0);
    blanks(walker);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return walker.at === text.length ? walker.out.join("") : undefined;
}

interface Walker {
  readonly text: string;
  at: number;
  readonly out: string[];
  readonly rewrite: RewriteText;
  readonly scalar: RewriteScalar;
}

function take(walker: Walker, form: RegExp): string {
  form.lastIndex = walker.at;
  const found = form.exec(walker.text)?.[0];
  if (found === undefined) throw new SyntaxError();
  walker.at += found.length;
  return found;
}

function blanks(walker: Walker): void {
  walker.out.push(take(walker, /[ \t\n\r]*/y));
}

function sign(walker: Walker, wanted: string): void {
  if (walker.text[walker.at] !== wanted) throw new SyntaxError();
  walker.at += 1;
  walker.out.push(wanted);
  blanks(walker);
}

function walk(walker: Walker, path: readonly string[], depth: number): void {
  if (depth > DEEPEST) throw new SyntaxError();
  const next = walker.text[walker.at];
  if (next === '"') textOf(walker, path, false);
  else if (next === "{") objectOf(walker, path, depth);
  else if (next === "[") listOf(walker, path, depth);
  else {
    const literal = take(walker, /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y);
    walker.out.push(walker.scalar(literal, path) ?? literal);
  }
}

function textOf(walker: Walker, path: readonly string[], key: boolean): string {
  const literal = take(walker, /"(?:[^"\\\u0000-\u001f]|\\.)*"/sy);
  const value = JSON.parse(literal) as string;
  const written = walker.rewrite(value, path, key);
  walker.out.push(written === value ? literal : escapedLike(literal, written));
  return value;
}

/** PHP escapes what is no ASCII, and slashes, unless it is told not to. */
function escapedLike(literal: string, value: string): string {
  const plain = JSON.stringify(value);
  const slashes = literal.includes("\\/") ? plain.replaceAll("/", "\\/") : plain;
  if (/[^\u0000-\u007f]/.test(literal)) return slashes;
  return slashes.replaceAll(/[^\u0000-\u007f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function objectOf(walker: Walker, path: readonly string[], depth: number): void {
  sign(walker, "{");
  for (let first = true; walker.text[walker.at] !== "}"; first = false) {
    if (!first) sign(walker, ",");
    if (walker.text[walker.at] !== '"') throw new SyntaxError();
    const name = textOf(walker, path, true);
    blanks(walker);
    sign(walker, ":");
    walk(walker, [...path, name], depth + 1);
    blanks(walker);
  }
  walker.at += 1;
  walker.out.push("}");
}

function listOf(walker: Walker, path: readonly string[], depth: number): void {
  sign(walker, "[");
  for (let index = 0; walker.text[walker.at] !== "]"; index += 1) {
    if (index > 0) sign(walker, ",");
    walk(walker, [...path, String(index)], depth + 1);
    blanks(walker);
  }
  walker.at += 1;
  walker.out.push("]");
}

/** Rewrites one string of a structure; the path is of keys and names of properties. `key` says that it is one itself. */
export type RewriteString = (value: Buffer, path: readonly string[], key: boolean) => Buffer;

/** What becomes of a number or a truth, said as JSON does: another text, null for nothing at all, undefined to leave it. */
type RewriteNumber = (literal: string, path: readonly string[]) => string | null | undefined;

interface RewriteOthers {
  readonly scalar?: RewriteNumber;
  /** The inside of a class that wrote itself; left out: like any string. */
  readonly custom?: (value: Buffer, path: readonly string[]) => Buffer;
}

/** Deeper ones are taken for hostile: the text is then treated as a broken one. */
const DEEPEST = 128;

/** What begins as a serialized value of PHP does. */
export function looksSerialized(text: string): boolean {
  return /^(?:[aOCE]:[0-9]{1,9}:[{"]|s:[0-9]{1,9}:"|[biRr]:-?[0-9]{1,19};$|d:[-0-9.EINFA+]{1,40};$|N;$)/.test(text);
}

/**
 * Rewrites the strings inside a serialized value of PHP and puts their new lengths before them; numbers and truths as well, where they are asked for.
 * Everything else (references, objects of whatever class, enumerations) stays byte by byte. Undefined when it can't be read to its end. An own walker and no library: those that make values
 * of it lose references, classes and the form of floats.
 */
export function rewriteSerialized(value: Buffer, rewrite: RewriteString, others: RewriteOthers = {}): Buffer | undefined {
  // One character a byte: lengths count bytes, and slices of strings cost nothing.
  const walker: Walker = { text: value.toString("latin1"), at: 0, out: [], rewrite, others };
  try {
    walk(walker, [], 0);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
  return walker.at === walker.text.length ? Buffer.from(walker.out.join(""), "latin1") : undefined;
}

interface Walker {
  readonly text: string;
  at: number;
  readonly out: string[];
  readonly rewrite: RewriteString;
  readonly others: RewriteOthers;
}

class Unreadable extends Error {}

const SCALAR = /(?:b:[01]|i:[+-]?[0-9]{1,20}|[rR]:[0-9]{1,10}|d:(?:[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-?INF|NAN)|N);/y;
const COUNT = /([aOCEs]):([0-9]{1,10}):/y;

function walk(walker: Walker, path: readonly string[], depth: number): void {
  if (depth > DEEPEST) throw new Unreadable();
  SCALAR.lastIndex = walker.at;
  const scalar = SCALAR.exec(walker.text)?.[0];
  if (scalar !== undefined) {
    walker.out.push(scalarOf(walker, scalar, path));
    walker.at += scalar.length;
    return;
  }
  COUNT.lastIndex = walker.at;
  const [head = "", type = "", digits = ""] = COUNT.exec(walker.text) ?? [];
  if (head === "") throw new Unreadable();
  walker.at += head.length;
  const count = Number(digits);
  if (type === "s") stringOf(walker, count, path, false);
  else if (type === "a") arrayOf(walker, count, path, depth);
  else if (type === "O") objectOf(walker, count, path, depth);
  else if (type === "C") customOf(walker, count, path);
  else namedOf(walker, type, count, ";");
}

/** A mask that is no whole number becomes a string. */
function scalarOf({ others }: Walker, scalar: string, path: readonly string[]): string {
  if (!/^[bid]:/.test(scalar)) return scalar;
  const literal = scalar.slice(2, -1);
  const truth = literal === "1" ? "true" : "false";
  const masked = others.scalar?.(scalar.startsWith("b") ? truth : literal, path);
  if (masked === undefined) return scalar;
  if (masked === null) return "N;";
  if (/^(?:0|-?[1-9][0-9]{0,17})$/.test(masked)) return `i:${masked};`;
  return `s:${String(Buffer.byteLength(masked))}:"${Buffer.from(masked).toString("latin1")}";`;
}

/** `"…";` of so many bytes. */
function quoted(walker: Walker, count: number, end: string): string {
  const { text, at } = walker;
  const last = at + 1 + count;
  if (text[at] !== '"' || text[last] !== '"' || !text.startsWith(end, last + 1)) throw new Unreadable();
  walker.at = last + 1 + end.length;
  return text.slice(at + 1, last);
}

function stringOf(walker: Walker, count: number, path: readonly string[], key: boolean): string {
  const value = quoted(walker, count, ";");
  const written = walker.rewrite(Buffer.from(value, "latin1"), path, key).toString("latin1");
  walker.out.push(`s:${String(written.length)}:"${written}";`);
  return value;
}

/** The name of a class or an enumeration's case: code, not data. */
function namedOf(walker: Walker, type: string, count: number, end: string): void {
  const name = quoted(walker, count, end);
  walker.out.push(`${type}:${String(count)}:"${name}"${end}`);
}

function expected(walker: Walker, sign: string): void {
  if (!walker.text.startsWith(sign, walker.at)) throw new Unreadable();
  walker.at += sign.length;
  walker.out.push(sign);
}

function arrayOf(walker: Walker, count: number, path: readonly string[], depth: number): void {
  walker.out.push(`a:${String(count)}:`);
  pairs(walker, count, path, depth);
}

function objectOf(walker: Walker, count: number, path: readonly string[], depth: number): void {
  namedOf(walker, "O", count, ":");
  const properties = /([0-9]{1,10}):/y;
  properties.lastIndex = walker.at;
  const [head = "", digits = ""] = properties.exec(walker.text) ?? [];
  if (head === "") throw new Unreadable();
  walker.at += head.length;
  walker.out.push(head);
  pairs(walker, Number(digits), path, depth);
}

function pairs(walker: Walker, count: number, path: readonly string[], depth: number): void {
  expected(walker, "{");
  for (let index = 0; index < count; index += 1) {
    const name = keyOf(walker, path);
    walk(walker, [...path, name], depth + 1);
  }
  expected(walker, "}");
}

/** A number, or a string: private and protected properties have their class and NULs in front. */
function keyOf(walker: Walker, path: readonly string[]): string {
  const whole = /i:(-?[0-9]{1,20});/y;
  whole.lastIndex = walker.at;
  const [number = "", digits = ""] = whole.exec(walker.text) ?? [];
  if (number !== "") {
    walker.at += number.length;
    walker.out.push(number);
    return digits;
  }
  const text = /s:([0-9]{1,10}):/y;
  text.lastIndex = walker.at;
  const [head = "", count = ""] = text.exec(walker.text) ?? [];
  if (head === "") throw new Unreadable();
  walker.at += head.length;
  const name = stringOf(walker, Number(count), path, true);
  return Buffer.from(name.slice(name.lastIndexOf("\0") + 1), "latin1").toString();
}

/** A class that wrote itself (`C:11:"ArrayObject":21:{…}`): its inside is another text, often serialized as well. */
function customOf(walker: Walker, count: number, path: readonly string[]): void {
  const name = quoted(walker, count, ":");
  const length = /([0-9]{1,10}):\{/y;
  length.lastIndex = walker.at;
  const [head = "", digits = ""] = length.exec(walker.text) ?? [];
  const start = walker.at + head.length;
  const end = start + Number(digits);
  if (head === "" || walker.text[end] !== "}") throw new Unreadable();
  const inner = Buffer.from(walker.text.slice(start, end), "latin1");
  const written = (walker.others.custom?.(inner, path) ?? walker.rewrite(inner, path, false)).toString("latin1");
  walker.out.push(`C:${String(count)}:"${name}":${String(written.length)}:{${written}}`);
  walker.at = end + 1;
}

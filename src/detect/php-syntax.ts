import type { PhpToken } from "./php-tokens.ts";

/** What syntax says about PHP versions: it needs at least, or no longer works from, a version. */
export interface SyntaxMark {
  /** Words for a person: "a `match` expression". */
  readonly what: string;
  readonly offset: number;
  /** `needs`: a parse error or fatal before `version`. `ends`: fatal from `version` on. `deprecated`: noise from `version` on. */
  readonly effect: "needs" | "ends" | "deprecated";
  readonly version: string;
}

type Look = (tokens: readonly PhpToken[], at: number) => Omit<SyntaxMark, "offset"> | undefined;

const visibility = new Set(["public", "protected", "private", "var", "static", "readonly"]);
const member = new Set(["->", "?->", "::", "function", "const", "new", "fn"]);

function text(tokens: readonly PhpToken[], at: number): string {
  const token = tokens[at];
  return token === undefined || token.kind === "string" || token.kind === "html" ? "" : token.text.toLowerCase();
}

function kind(tokens: readonly PhpToken[], at: number): PhpToken["kind"] | undefined {
  return tokens[at]?.kind;
}

/** The index of the parenthesis that closes the one at `at`, or -1. */
function closing(tokens: readonly PhpToken[], at: number): number {
  let depth = 0;
  for (let i = at; i < Math.min(tokens.length, at + 400); i += 1) {
    if (text(tokens, i) === "(") depth += 1;
    else if (text(tokens, i) === ")") {
      depth -= 1;
      if (depth === 0) return i;
    }
  }
  return -1;
}

const needs = (version: string, what: string): Omit<SyntaxMark, "offset"> => ({ what, effect: "needs", version });
const ends = (version: string, what: string): Omit<SyntaxMark, "offset"> => ({ what, effect: "ends", version });
const deprecated = (version: string, what: string): Omit<SyntaxMark, "offset"> => ({ what, effect: "deprecated", version });

/** Marks that hang on a keyword or name, by its lower-case text. */
const byWord: Readonly<Record<string, Look>> = {
  fn: (t, i) => (text(t, i + 1) === "(" && !member.has(text(t, i - 1)) ? needs("7.4", "an arrow function") : undefined),
  match: (t, i) => {
    const before = text(t, i - 1);
    if (before === "class") return ends("8.0", "a class named `match`");
    if (member.has(before) || text(t, i + 1) !== "(") return undefined;
    const end = closing(t, i + 1);
    return end !== -1 && text(t, end + 1) === "{" ? needs("8.0", "a `match` expression") : undefined;
  },
  enum: (t, i) =>
    kind(t, i + 1) === "name" && !member.has(text(t, i - 1)) && ["{", ":", "implements"].includes(text(t, i + 2))
      ? needs("8.1", "an enum")
      : undefined,
  readonly: (t, i) => {
    if (member.has(text(t, i - 1))) return undefined;
    if (text(t, i + 1) === "class") return needs("8.2", "a readonly class");
    return (kind(t, i + 1) === "name" || text(t, i + 1) === "?") && text(t, i + 1) !== "implements" && text(t, i + 1) !== "extends"
      ? needs("8.1", "a readonly property")
      : undefined;
  },
  throw: (t, i) => (text(t, i - 1) === "??" || text(t, i - 1) === "=>" ? needs("8.0", "`throw` as an expression") : undefined),
  catch: (t, i) => {
    const end = text(t, i + 1) === "(" ? closing(t, i + 1) : -1;
    return end !== -1 && end > i + 2 && kind(t, end - 1) === "name" ? needs("8.0", "`catch` without a variable") : undefined;
  },
  const: (t, i) =>
    kind(t, i + 1) === "name" && kind(t, i + 2) === "name" && text(t, i + 3) === "=" && text(t, i - 1) !== "use"
      ? needs("8.3", "a typed class constant")
      : undefined,
  real: (t, i) =>
    text(t, i - 1) === "(" && text(t, i + 1) === ")" && kind(t, i + 2) === "variable" ? ends("8.0", "the cast `(real)`") : undefined,
  unset: (t, i) =>
    text(t, i - 1) === "(" && text(t, i + 1) === ")" && kind(t, i + 2) === "variable" ? ends("8.0", "the cast `(unset)`") : undefined,
  __autoload: (t, i) => (text(t, i - 1) === "function" ? ends("8.0", "the function `__autoload`") : undefined),
};
for (const modifier of ["public", "protected", "private"]) {
  (byWord as Record<string, Look>)[modifier] = (t, i) => typedProperty(t, i);
}

function typedProperty(t: readonly PhpToken[], at: number): Omit<SyntaxMark, "offset"> | undefined {
  if (text(t, at + 1) === "(" && text(t, at + 2) === "set") return needs("8.4", "asymmetric visibility");
  let i = at + 1;
  while (visibility.has(text(t, i))) i += 1;
  if (text(t, i) === "?") i += 1;
  if (kind(t, i) === "name" && kind(t, i + 1) === "variable") {
    const after = text(t, i + 2);
    if (after === ";" || after === "=") return needs("7.4", "a typed property");
    if (after === "," || after === ")") return needs("8.0", "constructor promotion");
  }
  return undefined;
}

/** A union type before a parameter or property, but not in `catch (A | B $e)`. */
function unionType(t: readonly PhpToken[], at: number): Omit<SyntaxMark, "offset"> | undefined {
  if (kind(t, at - 1) !== "name" || text(t, at - 2) !== "|" || kind(t, at - 3) !== "name") return undefined;
  let i = at - 3;
  while (kind(t, i) === "name" || text(t, i) === "|") i -= 1;
  return text(t, i - 1) === "catch" ? undefined : needs("8.0", "a union type");
}

function atVariable(t: readonly PhpToken[], at: number): Omit<SyntaxMark, "offset"> | undefined {
  if (text(t, at + 1) === "{" && (kind(t, at + 2) === "number" || kind(t, at + 2) === "variable")) {
    return text(t, at - 1) === "::" || text(t, at - 1) === "->" ? undefined : ends("8.0", "a string offset in curly braces (`$text{0}`)");
  }
  const implicit =
    text(t, at + 1) === "=" && text(t, at + 2) === "null" && [",", ")"].includes(text(t, at + 3)) && kind(t, at - 1) === "name";
  if (implicit && [",", "("].includes(text(t, at - 2)) && text(t, at - 1) !== "mixed") {
    return deprecated("8.4", "an implicitly nullable parameter");
  }
  return unionType(t, at);
}

function atOperator(t: readonly PhpToken[], at: number): Omit<SyntaxMark, "offset"> | undefined {
  switch (t[at]?.text) {
    case "?->":
      return needs("8.0", "the nullsafe operator `?->`");
    case "??=":
      return needs("7.4", "the operator `??=`");
    case "...":
      return text(t, at - 1) === "(" && text(t, at + 1) === ")" ? needs("8.1", "first-class callable syntax") : undefined;
    case ":": {
      const before = text(t, at - 2);
      if (kind(t, at - 1) === "name" && (before === "(" || before === ",") && kind(t, at + 1) !== undefined) {
        return text(t, at - 1) === "default" ? undefined : needs("8.0", "a named argument");
      }
      if (text(t, at - 1) !== ")") return undefined;
      const end = text(t, at + 2);
      if (text(t, at + 1) === "never" && (end === "{" || end === ";")) return needs("8.1", "the return type `never`");
      if (text(t, at + 1) === "static" && (end === "{" || end === ";")) return needs("8.0", "the return type `static`");
      return kind(t, at + 1) === "name" && end === "|" && kind(t, at + 3) === "name" && ["{", ";", "|"].includes(text(t, at + 4))
        ? needs("8.0", "a union type")
        : undefined;
    }
    default:
      return undefined;
  }
}

/** Collects what the syntax of one file says about PHP versions; the first place for each kind of mark. */
export function phpSyntax(tokens: readonly PhpToken[]): SyntaxMark[] {
  const marks = new Map<string, SyntaxMark>();
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined) break;
    let mark: Omit<SyntaxMark, "offset"> | undefined;
    if (token.kind === "name")
      mark = Object.hasOwn(byWord, token.text.toLowerCase()) ? byWord[token.text.toLowerCase()]?.(tokens, at) : undefined;
    else if (token.kind === "variable") mark = atVariable(tokens, at);
    else if (token.kind === "operator") mark = atOperator(tokens, at);
    else if (token.kind === "template" && token.text.includes("${")) mark = deprecated("8.2", "`${}` in a string");
    if (mark !== undefined && !marks.has(mark.what)) marks.set(mark.what, { ...mark, offset: token.offset });
  }
  const old = oldConstructor(tokens);
  return old === undefined ? [...marks.values()] : [...marks.values(), old];
}

/** A method named like its class was its constructor until PHP 7; PHP 8 no longer calls it, so such classes silently break. */
function oldConstructor(tokens: readonly PhpToken[]): SyntaxMark | undefined {
  let name = "";
  let candidate: SyntaxMark | undefined;
  for (let at = 0; at < tokens.length; at += 1) {
    const word = text(tokens, at);
    if (word === "namespace" && kind(tokens, at + 1) === "name") return undefined;
    if (word === "class" && kind(tokens, at) === "name" && text(tokens, at - 1) !== "::") {
      if (candidate !== undefined) return candidate;
      name = text(tokens, at + 1);
    } else if (word === "function" && name !== "") {
      const declared = text(tokens, at + 1) === "&" ? text(tokens, at + 2) : text(tokens, at + 1);
      if (declared === "__construct") {
        name = "";
        candidate = undefined;
      } else if (declared === name) {
        candidate = { what: "a constructor named like its class", effect: "ends", version: "8.0", offset: tokens[at]?.offset ?? 0 };
      }
    }
  }
  return candidate;
}

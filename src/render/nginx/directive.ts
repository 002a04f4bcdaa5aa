/**
 * One directive of an nginx configuration. Arguments are plain words: quoting is the printer's business alone.
 * Words that people chose go through `literal` where nginx would expand variables.
 */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** Present, though it may be empty, for directives with `{ … }`. */
  readonly block?: readonly Directive[];
}

/** A directive that ends with `;`. Numbers are written as they are. */
export function directive(name: string, ...args: readonly (string | number)[]): Directive {
  return { name, args: args.map(String) };
}

/** A directive with `{ … }`. */
export function block(name: string, args: readonly string[], inner: readonly Directive[]): Directive {
  return { name, args, block: inner };
}

/** `if (…) { … }`: nginx wants the parentheses as parts of the first and last word, or the last on its own. */
export function when(condition: readonly string[], inner: readonly Directive[]): Directive {
  const [first = "", ...rest] = condition;
  return { name: "if", args: [`(${first}`, ...rest, ")"], block: inner };
}

/** Name of the variable that holds one `$`: nginx has no escape for it. Every configuration with `literal` words declares it by `dollarVariable`. */
const DOLLAR = "howdah_dollar";

/** Declares the variable that `literal` uses. `geo` values are the only ones that nginx takes as they are. */
export function dollarVariable(): Directive {
  return block("geo", [`$${DOLLAR}`], [directive("default", "$")]);
}

/** Somebody's words in a place where nginx expands variables, so that a `$` in them stays a `$`. */
export function literal(text: string): string {
  return text.replaceAll("$", `\${${DOLLAR}}`);
}

import type { PhpToken } from "./php-tokens.ts";

/** Which global functions and classes a file uses, by lower-case name; the number is the offset of the first use. */
export interface PhpNames {
  readonly calls: ReadonlyMap<string, number>;
  /** Classes of the global namespace that are made, extended, caught or asked statically. */
  readonly classes: ReadonlyMap<string, number>;
  /** What `function_exists`, `extension_loaded`, `class_exists`, `defined` and the like ask for. */
  readonly guards: ReadonlyMap<string, number>;
  /** What `extension_loaded` asks for by a literal. */
  readonly extensionChecks: ReadonlyMap<string, number>;
  /** Those asked for as `!extension_loaded("x")`: something is said or done when they are missing. */
  readonly demandedExtensions: ReadonlySet<string>;
  /** True when `extension_loaded` is asked about a variable: then the file's words may be a list of extensions. */
  readonly checksList: boolean;
  /** Functions that the file declares outside classes. */
  readonly functions: ReadonlySet<string>;
  readonly declaredClasses: ReadonlySet<string>;
}

const notCalls = new Set(
  "array list isset empty unset exit die echo print if elseif while for foreach switch return and or xor include include_once require require_once catch function fn use match declare self static parent".split(
    " ",
  ),
);
const guardFunctions = new Set([
  "function_exists",
  "extension_loaded",
  "class_exists",
  "interface_exists",
  "is_callable",
  "defined",
  "phpversion",
]);
const member = new Set(["->", "?->", "::"]);
const pseudo = new Set(["self", "static", "parent"]);

interface Collected {
  calls: Map<string, number>;
  qualified: Map<string, number>;
  plain: Map<string, number>;
  guards: Map<string, number>;
  extensionChecks: Map<string, number>;
  demanded: Set<string>;
  checksList: boolean;
  functions: Set<string>;
  declared: Set<string>;
  imported: Map<string, string>;
  namespaced: boolean;
}

function first(map: Map<string, number>, key: string, offset: number): void {
  if (!map.has(key)) map.set(key, offset);
}

function addClass(into: Collected, token: PhpToken): void {
  const name = token.text.toLowerCase();
  if (name.startsWith("\\")) {
    if (!name.includes("\\", 1)) first(into.qualified, name.slice(1), token.offset);
  } else if (!name.includes("\\") && !pseudo.has(name)) first(into.plain, name, token.offset);
}

function addCall(into: Collected, tokens: readonly PhpToken[], at: number): void {
  const token = tokens[at];
  if (token === undefined) return;
  const name = token.text.toLowerCase().replace(/^\\/, "");
  if (name.includes("\\") || notCalls.has(name)) return;
  first(into.calls, name, token.offset);
  if (!guardFunctions.has(name)) return;
  const argument = tokens[at + 2];
  if (argument?.kind === "string") {
    const asked = argument.text.toLowerCase().replace(/^\\/, "");
    first(into.guards, asked, argument.offset);
    if (name !== "extension_loaded") return;
    first(into.extensionChecks, asked, argument.offset);
    if (tokens[at - 1]?.text === "!") into.demanded.add(asked);
  } else if (name === "extension_loaded") into.checksList = true;
}

/** Reads `use A\B, C as D;` outside closures and classes: short name to full name, lower case. */
function addImport(into: Collected, tokens: readonly PhpToken[], at: number): void {
  for (let i = at + 1; i < Math.min(tokens.length, at + 60); i += 1) {
    const token = tokens[i];
    if (token === undefined || token.text === ";" || token.text === "(" || token.text === "{") return;
    if (token.kind !== "name" || token.text === "as" || token.text === "function" || token.text === "const") continue;
    const full = token.text.toLowerCase().replace(/^\\/, "");
    const alias = tokens[i + 1]?.text === "as" ? tokens[i + 2]?.text.toLowerCase() : undefined;
    into.imported.set(alias ?? full.slice(full.lastIndexOf("\\") + 1), full);
    if (alias !== undefined) i += 2;
  }
}

function addDeclared(into: Collected, tokens: readonly PhpToken[], at: number, depth: number): void {
  const keyword = tokens[at]?.text.toLowerCase();
  const name = tokens[at + 1]?.text === "&" ? tokens[at + 2] : tokens[at + 1];
  if (name?.kind !== "name") return;
  if (keyword === "function") {
    if (depth === 0 || into.namespaced) into.functions.add(name.text.toLowerCase());
    else if (tokens[at - 1]?.kind !== "name") into.functions.add(name.text.toLowerCase());
  } else into.declared.add(name.text.toLowerCase());
}

function visitName(into: Collected, tokens: readonly PhpToken[], at: number, depth: number): void {
  const token = tokens[at];
  const before = tokens[at - 1]?.text.toLowerCase() ?? "";
  const after = tokens[at + 1]?.text ?? "";
  if (token === undefined || member.has(before)) return;
  const word = token.text.toLowerCase();
  if (word === "namespace" && tokens[at + 1]?.kind === "name") into.namespaced = true;
  else if (word === "use" && before !== ")" && depth <= 1) addImport(into, tokens, at);
  else if (before === "use") return;
  else if (word === "function" || word === "class" || word === "interface" || word === "trait" || word === "enum") {
    addDeclared(into, tokens, at, depth);
  } else if (before === "new" || before === "instanceof" || before === "extends" || after === "::") addClass(into, token);
  else if (before === "implements" || (before === "," && inImplements(tokens, at))) addClass(into, token);
  else if (before === "(" && tokens[at - 2]?.text.toLowerCase() === "catch") addClass(into, token);
  else if (after === "(" && before !== "function") addCall(into, tokens, at);
}

function inImplements(tokens: readonly PhpToken[], at: number): boolean {
  for (let i = at - 1; i > at - 20; i -= 1) {
    const token = tokens[i];
    if (token?.text.toLowerCase() === "implements") return true;
    if (token === undefined || (token.kind !== "name" && token.text !== ",")) return false;
  }
  return false;
}

/** Collects the global names that a file uses, asks for and declares. Names in other namespaces are of no interest here. */
export function phpNames(tokens: readonly PhpToken[]): PhpNames {
  const into: Collected = {
    calls: new Map(),
    qualified: new Map(),
    plain: new Map(),
    guards: new Map(),
    extensionChecks: new Map(),
    demanded: new Set(),
    checksList: false,
    functions: new Set(),
    declared: new Set(),
    imported: new Map(),
    namespaced: false,
  };
  let depth = 0;
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token?.kind === "name") visitName(into, tokens, at, depth);
    else if (token?.text === "{") depth += 1;
    else if (token?.text === "}") depth = Math.max(0, depth - 1);
  }
  const classes = new Map(into.qualified);
  for (const [name, offset] of into.plain) {
    const full = into.imported.get(name) ?? (into.namespaced ? `.\\${name}` : name);
    if (!full.includes("\\") && !into.declared.has(name)) first(classes, full, offset);
  }
  return {
    calls: into.calls,
    classes,
    guards: into.guards,
    extensionChecks: into.extensionChecks,
    demandedExtensions: into.demanded,
    checksList: into.checksList,
    functions: into.functions,
    declaredClasses: into.declared,
  };
}

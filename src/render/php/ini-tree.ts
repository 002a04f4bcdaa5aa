import { HowdahError } from "../../kernel/howdah-error.ts";

/**
 * A value in PHP's INI notation. Strings are always quoted, so that no character means anything. `constants` is an expression of
 * `E_*` constants, the only thing that PHP must see bare to evaluate. `before` and `variable` are a text that ends with an environment
 * variable's value, which PHP puts there when it reads the file: for secrets, which no file of ours holds.
 */
export type IniValue = string | number | boolean | { readonly constants: string } | { readonly before: string; readonly variable: string };

/** One setting. Keys may carry an index: `php_value[memory_limit]`. */
export interface IniEntry {
  readonly key: string;
  readonly value: IniValue;
}

/** Settings under `[name]`, or before any section when `name` is null. */
export interface IniSection {
  readonly name: string | null;
  readonly entries: readonly IniEntry[];
}

export type IniTree = readonly IniSection[];

const KEY = /^[A-Za-z_][A-Za-z0-9_.]*(\[[A-Za-z0-9_.]+\])?$/;
const SECTION = /^[A-Za-z][A-Za-z0-9_-]*$/;
const CONSTANTS = /^[~( ]*(E_[A-Z_]+|[0-9]+)[ )]*([&|^][~( ]*(E_[A-Z_]+|[0-9]+)[ )]*)*$/;

/** True for an expression such as `E_ALL & ~E_NOTICE` that may stand bare in php.ini. */
export function isConstantExpression(text: string): boolean {
  return CONSTANTS.test(text);
}

/** Prints a tree and reads the text again: what PHP would see is what was meant, or it throws `render/unsafe`. */
export function printIni(tree: IniTree): string {
  const text = tree.map(printSection).join("\n");
  const again = parseIni(text);
  if (JSON.stringify(again) !== JSON.stringify(tree)) throw unsafe("it reads back as something else");
  return text;
}

function printSection({ name, entries }: IniSection): string {
  if (name !== null && !SECTION.test(name)) throw unsafe(`the section name ${JSON.stringify(name)} is not one`);
  return `${name === null ? "" : `[${name}]\n`}${entries.map(printEntry).join("")}`;
}

function printEntry({ key, value }: IniEntry): string {
  if (!KEY.test(key)) throw unsafe(`the setting name ${JSON.stringify(key)} is not one`);
  return `${key} = ${printValue(value)}\n`;
}

function printValue(value: IniValue): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw unsafe(`${String(value)} is not a whole number`);
    return String(value);
  }
  if (typeof value === "string") return quote(value);
  if ("variable" in value) return quoteWithVariable(value.before, value.variable);
  if (!isConstantExpression(value.constants)) throw unsafe(`${JSON.stringify(value.constants)} is not an expression of E_ constants`);
  return value.constants;
}

/** Between single quotes PHP takes everything literally; a value with one is put between double quotes, where `$` would start a variable. */
function quote(value: string): string {
  if (/\p{Cc}/u.test(value)) throw unsafe("a value holds a control character");
  if (value === "") return '""';
  if (!value.includes("'")) return `'${value}'`;
  if (/["\\$]/.test(value)) throw unsafe(`the value ${JSON.stringify(value)} mixes quotes in a way that php.ini can't hold`);
  return `"${value}"`;
}

const VARIABLE = /^[A-Z][A-Z0-9_]*$/;

/** Between double quotes PHP replaces `${NAME}`; nothing else there may mean something. */
function quoteWithVariable(before: string, variable: string): string {
  if (/["\\$]|\p{Cc}/u.test(before) || !VARIABLE.test(variable))
    throw unsafe(`${JSON.stringify([before, variable])} is no text with a variable`);
  return `"${before}\${${variable}}"`;
}

/** Reads the subset of INI that `printIni` writes, by PHP's rules; anything else throws `render/unsafe`. */
export function parseIni(text: string): IniTree {
  const sections: { name: string | null; entries: IniEntry[] }[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const section = /^\[([^\]]*)\]$/.exec(line);
    if (section !== null) {
      sections.push({ name: section[1] ?? "", entries: [] });
      continue;
    }
    const entry = /^([^ =]+) = (.+)$/.exec(line);
    if (entry === null) throw unsafe(`the line ${JSON.stringify(line)} is no setting`);
    if (sections.length === 0) sections.push({ name: null, entries: [] });
    sections.at(-1)?.entries.push({ key: entry[1] ?? "", value: parseValue(entry[2] ?? "") });
  }
  return sections;
}

function parseValue(text: string): IniValue {
  if (text === "yes" || text === "no") return text === "yes";
  if (/^-?[0-9]+$/.test(text)) return Number(text);
  const quoted = /^'([^']+)'$/.exec(text) ?? /^"([^"\\$]*)"$/.exec(text);
  if (quoted !== null) return quoted[1] ?? "";
  const variable = /^"([^"\\$]*)\$\{([A-Z][A-Z0-9_]*)\}"$/.exec(text);
  if (variable !== null) return { before: variable[1] ?? "", variable: variable[2] ?? "" };
  if (isConstantExpression(text)) return { constants: text };
  throw unsafe(`the value ${JSON.stringify(text)} means something to PHP`);
}

function unsafe(why: string): HowdahError {
  return new HowdahError("render/unsafe", `A PHP configuration can't be written safely: ${why}`);
}

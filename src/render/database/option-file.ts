import { HowdahError } from "../../kernel/howdah-error.ts";

/** One option of MariaDB: a value, or `null` for a bare switch such as `skip-name-resolve`. */
export interface Option {
  readonly key: string;
  readonly value: string | number | null;
}

/** `[name]` and its options, in order. */
export interface OptionGroup {
  readonly name: string;
  readonly options: readonly Option[];
}

const KEY = /^[a-z][a-z0-9_-]*$/;
const GROUP = /^[a-z][a-z0-9._-]*$/;
/** Printed without quotes; everything else is quoted. */
const PLAIN = /^[A-Za-z0-9._/:+*-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get in
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Prints MariaDB's option-file format (my.cnf), and reads the text back to compare: a value never becomes another option.
 * Error: `render/unsafe` when a key, group or value is outside the grammar, or the text reads back differently.
 */
export function printOptionFile(groups: readonly OptionGroup[]): string {
  const text = groups.map(printGroup).join("\n");
  if (JSON.stringify(parseOptionFile(text)) !== JSON.stringify(normalized(groups))) {
    throw new HowdahError("render/unsafe", "An option file of MariaDB does not read back as it was meant");
  }
  return text;
}

function printGroup(group: OptionGroup): string {
  if (!GROUP.test(group.name)) throw new HowdahError("render/unsafe", `${JSON.stringify(group.name)} is no group of an option file`);
  return `[${group.name}]\n${group.options.map(printOption).join("")}`;
}

function printOption({ key, value }: Option): string {
  if (!KEY.test(key)) throw new HowdahError("render/unsafe", `${JSON.stringify(key)} is no option name`);
  return value === null ? `${key}\n` : `${key}=${quoted(key, String(value))}\n`;
}

/** MariaDB unescapes `\\`, `\"`, `\n` … in values, strips one pair of quotes, and takes `#` after a blank as a comment. */
function quoted(key: string, value: string): string {
  if (CONTROL.test(value)) throw new HowdahError("render/unsafe", `The value of ${key} holds a control character`);
  return PLAIN.test(value) ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function normalized(groups: readonly OptionGroup[]): OptionGroup[] {
  return groups.map(({ name, options }) => ({
    name,
    options: options.map(({ key, value }) => ({ key, value: value === null ? null : String(value) })),
  }));
}

/** Reads the option-file format as MariaDB's `my_search_option_files` does, as far as our printer uses it: no includes, no comments. */
export function parseOptionFile(text: string): OptionGroup[] {
  const groups: { name: string; options: Option[] }[] = [];
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (line === "") continue;
    const group = /^\[(.*)\]$/.exec(line);
    if (group !== null) {
      groups.push({ name: group[1] ?? "", options: [] });
      continue;
    }
    const current = groups.at(-1);
    if (current === undefined || line.startsWith("!")) throw new HowdahError("render/unsafe", "An option stands outside its group");
    const equals = line.indexOf("=");
    current.options.push(
      equals < 0 ? { key: line, value: null } : { key: line.slice(0, equals).trim(), value: unquoted(line.slice(equals + 1).trim()) },
    );
  }
  return groups;
}

function unquoted(value: string): string {
  const inner = /^"(.*)"$/s.exec(value)?.[1] ?? value;
  return inner.replaceAll(/\\(.)/g, "$1");
}

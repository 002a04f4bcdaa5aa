import { HowdahError } from "../../../kernel/howdah-error.ts";

/** A file of ProxySQL's: groups of settings, and settings of its own. Only what ours needs of the format. */
export interface LibconfigFile {
  readonly settings: Readonly<Record<string, string | number>>;
  readonly groups: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
}

/** The text, read again and compared. Error: `render/unsafe`. */
export function printLibconfig(file: LibconfigFile): string {
  const settings = Object.entries(file.settings).map(([name, value]) => `${word(name)} = ${printValue(value)}\n`);
  const groups = Object.entries(file.groups).map(([name, values]) => {
    const lines = Object.entries(values).map(([key, value]) => `  ${word(key)} = ${printValue(value)}\n`);
    return `${word(name)} =\n{\n${lines.join("")}}\n`;
  });
  const text = [...settings, ...groups].join("");
  if (JSON.stringify(parseLibconfig(text)) !== JSON.stringify(file)) throw unsafe("what was printed reads differently");
  return text;
}

/** Reads what `printLibconfig` writes, as libconfig does. Error: `render/unsafe` for anything else. */
export function parseLibconfig(text: string): LibconfigFile {
  const settings: Record<string, string | number> = {};
  const groups: Record<string, Record<string, string | number | boolean>> = {};
  let group: Record<string, string | number | boolean> | undefined;
  for (const line of text.split("\n")) {
    const opening = /^([a-z_]+) =$/.exec(line);
    const setting = /^ *([a-z_]+) = (.+)$/.exec(line);
    if (opening?.[1] !== undefined) group = groups[opening[1]] = {};
    else if (line === "}") group = undefined;
    else if (setting?.[1] !== undefined) (group ?? settings)[setting[1]] = readValue(setting[2] ?? "") as string;
    else if (line !== "{" && line !== "") throw unsafe(`a line is none of its format: ${line.slice(0, 20)}`);
  }
  return { settings, groups };
}

function readValue(text: string): string | number | boolean {
  if (/^\d+$/.test(text)) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1];
  if (quoted === undefined) throw unsafe("a value is none of its format");
  return quoted.replace(/\\(["\\])/g, "$1");
}

function printValue(value: string | number | boolean): string {
  if (typeof value === "number" && !(Number.isSafeInteger(value) && value >= 0)) throw unsafe("a number is not whole");
  if (typeof value !== "string") return String(value);
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(value) || !value.isWellFormed()) throw unsafe("a text holds control characters");
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

function word(name: string): string {
  if (/^[a-z_]+$/.test(name)) return name;
  throw unsafe(`${JSON.stringify(name)} is no name`);
}

function unsafe(why: string): HowdahError {
  return new HowdahError("render/unsafe", `The configuration of ProxySQL can't be written: ${why}`);
}

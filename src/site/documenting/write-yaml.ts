import type { Path } from "../../kernel/diagnostic.ts";

/** How data is written as YAML. */
export interface WriteOptions {
  /** Lines of comment above a field, by its dotted path. */
  readonly comments?: Readonly<Record<string, string>>;
  /** The order of a map's keys; default: as they stand. */
  order?(path: Path, keys: readonly string[]): readonly string[];
}

/**
 * Writes plain data as block YAML that a reader of version 1.1 (Kubernetes, PyYAML) and one of 1.2 read alike: every text that either
 * could take for something else is in quotes. Fields that are undefined are left out.
 */
export function writeYaml(value: unknown, options: WriteOptions = {}): string {
  return isCollection(value)
    ? block(value, [], options)
        .map((line) => `${line}\n`)
        .join("")
    : `${scalar(value)}\n`;
}

function isCollection(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The lines of a map or list, without indentation. */
function block(value: object, path: Path, options: WriteOptions): string[] {
  if (Array.isArray(value)) {
    return value.length === 0 ? ["[]"] : value.flatMap((item, index) => listItem(item, [...path, index], options));
  }
  const keys = Object.keys(value).filter((key) => Reflect.get(value, key) !== undefined);
  const ordered = options.order?.(path, keys) ?? keys;
  return ordered.length === 0 ? ["{}"] : ordered.flatMap((key) => mapEntry(key, Reflect.get(value, key), [...path, key], options));
}

function mapEntry(key: string, value: unknown, path: Path, options: WriteOptions): string[] {
  const comment = options.comments?.[path.join(".")];
  const above = comment === undefined ? [] : commentLines(comment);
  const name = text(key);
  if (typeof value === "string" && isProse(value)) return [...above, `${name}: ${literalHeader(value)}`, ...indented(literalLines(value))];
  const inline = inOneLine(value);
  return inline === undefined
    ? [...above, `${name}:`, ...indented(block(value as object, path, options))]
    : [...above, `${name}: ${inline}`];
}

function listItem(item: unknown, path: Path, options: WriteOptions): string[] {
  if (typeof item === "string" && isProse(item)) return [`- ${literalHeader(item)}`, ...indented(literalLines(item))];
  const inline = inOneLine(item);
  if (inline !== undefined) return [`- ${inline}`];
  const [first = "", ...rest] = block(item as object, path, options);
  return [`- ${first}`, ...indented(rest)];
}

/** Scalars, empty collections, short lists of scalars and small maps in lists stay on their line. */
function inOneLine(value: unknown): string | undefined {
  if (!isCollection(value)) return scalar(value);
  if (Array.isArray(value)) {
    if (value.some((item) => isCollection(item) || (typeof item === "string" && item.includes("\n"))))
      return value.length === 0 ? "[]" : undefined;
    const line = `[${value.map(scalar).join(", ")}]`;
    return line.length <= 100 ? line : undefined;
  }
  return Object.values(value).every((field) => field === undefined) ? "{}" : undefined;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? "" : `  ${line}`));
}

function commentLines(comment: string): string[] {
  // eslint-disable-next-line no-control-regex
  const clean = comment.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g, " ");
  return clean.split("\n").map((line) => `# ${line}`.trimEnd());
}

function scalar(value: unknown): string {
  if (typeof value === "string") return text(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "null";
}

/** Words that a reader of YAML 1.1 takes for booleans, nothing or (`e0`, some) numbers. */
const reserved = /^(y|yes|n|no|true|false|on|off|null|[0-9_.]*e[-+]?[0-9_]+)$/i;

/** Texts that mean themselves in block and flow context of every version: they start with a letter and hold nothing that YAML knows. */
const plainText = /^[A-Za-z/_][A-Za-z0-9/_.@-]*( [A-Za-z0-9/_.@=+-]+)*$/;

function text(value: string): string {
  return plainText.test(value) && !reserved.test(value) ? value : quoted(value);
}

/** JSON's notation is YAML's. */
function quoted(value: string): string {
  return visible(JSON.stringify(value));
}

/** Escapes in JSON what JSON leaves as it is, though a terminal acts on it or hides it, and a site file refuses it. */
export function visible(json: string): string {
  const hidden = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g;
  return json.replaceAll(hidden, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A text of several lines that a literal block carries unchanged: printable, and its first words are not indented. */
function isProse(value: string): boolean {
  // eslint-disable-next-line no-control-regex
  if (
    !value.includes("\n") ||
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/.test(value) ||
    !value.isWellFormed()
  )
    return false;
  return /^\n*[^\s]/.test(value);
}

/** `|` ends with one line break, `|-` with none, `|+` with several. */
function literalHeader(value: string): string {
  if (!value.endsWith("\n")) return "|-";
  return value.endsWith("\n\n") ? "|+" : "|";
}

function literalLines(value: string): string[] {
  return (value.endsWith("\n") ? value.slice(0, -1) : value).split("\n");
}

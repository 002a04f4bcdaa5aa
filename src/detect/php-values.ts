import type { PhpToken } from "./php-tokens.ts";

/** A test of PHP's own version. `stops`: when it holds, the code ends soon after, so the version is refused. */
export interface VersionTest {
  readonly op: string;
  /** As digits and dots: `8.1.0`. */
  readonly version: string;
  readonly stops: boolean;
  readonly offset: number;
}

/** A path that code writes to or checks, when it is a literal or ends with one. */
export interface WriteMark {
  readonly call: string;
  readonly path: string;
  readonly offset: number;
}

/** Literals of one file that say something about the place it wants to run in. */
export interface PhpValues {
  readonly versionTests: readonly VersionTest[];
  /** Values of constants, variables and keys whose name says that they are a bound on PHP's version. */
  readonly versionBounds: readonly {
    readonly name: string;
    readonly bound: "min" | "max";
    readonly version: string;
    readonly offset: number;
  }[];
  /** Environment variables that are read. */
  readonly environment: ReadonlyMap<string, number>;
  readonly writes: readonly WriteMark[];
}

const minName = /(php.*(min|required|minimum)|(min|required|minimum|needed).*php)/i;
const maxName = /(php.*max|max.*php)/i;
/** Minima of libraries, memory and the like, which also have `php` in their names. */
const otherThing = /gd_|libxml|mysql|maria|pgsql|postgre|sqlite|openssl|curl|icu|memory|upload|size|time|extension/i;
const plainVersion = /^[4-9]\.\d+(\.\d+)?$/;
const stopWords = new Set(["die", "exit", "throw", "trigger_error"]);
const writers = new Set(
  "is_writable is_writeable file_put_contents mkdir move_uploaded_file fopen touch chmod tempnam is_dir_writable checkwritable wfmkdirparents rename copy opendir".split(
    " ",
  ),
);

/** True when a test is one of several that must hold together: then it says nothing alone. */
function joined(tokens: readonly PhpToken[], at: number): boolean {
  return tokens.slice(Math.max(0, at - 2), at).some((token) => token.text === "&&" || token.text.toLowerCase() === "and");
}

function stopsSoon(tokens: readonly PhpToken[], at: number): boolean {
  let depth = 0;
  for (let i = at; i < Math.min(tokens.length, at + 90); i += 1) {
    const token = tokens[i];
    if (token === undefined || (token.text === "&&" && depth === 0)) return false;
    if (token.text === "{") depth += 1;
    if (token.text === "}") {
      depth -= 1;
      if (depth <= 0) return false;
    }
    if (token.kind === "name" && (token.text.toLowerCase() === "else" || token.text === "function")) return false;
    if (token.kind === "name" && stopWords.has(token.text.toLowerCase().replace("\\", ""))) return true;
    if (token.text === ";" && depth === 0) return false;
  }
  return false;
}

/** 80100 to `8.1.0`. */
function fromId(id: string): string {
  const value = Number(id.replaceAll("_", ""));
  return `${Math.floor(value / 10_000)}.${Math.floor(value / 100) % 100}.${value % 100}`;
}

const mirrored: Readonly<Record<string, string>> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=" };

function idTest(tokens: readonly PhpToken[], at: number): VersionTest | undefined {
  const offset = tokens[at]?.offset ?? 0;
  const after = tokens[at + 1]?.text ?? "";
  const before = tokens[at - 1]?.text ?? "";
  const right = tokens[at + 2];
  const left = tokens[at - 2];
  const negated = tokens.slice(Math.max(0, at - 3), at).some((token) => token.text === "!");
  if (right?.kind === "number" && after in mirrored) {
    return { op: after, version: fromId(right.text), stops: !negated && !joined(tokens, at) && stopsSoon(tokens, at + 3), offset };
  }
  if (left?.kind === "number" && before in mirrored) {
    return {
      op: mirrored[before] ?? before,
      version: fromId(left.text),
      stops: !negated && !joined(tokens, at - 2) && stopsSoon(tokens, at + 1),
      offset,
    };
  }
  return undefined;
}

const wordOps: Readonly<Record<string, string>> = { lt: "<", le: "<=", gt: ">", ge: ">=" };
const negations: Readonly<Record<string, string>> = { "<": ">=", ">": "<=", "<=": ">", ">=": "<" };

/** `version_compare(PHP_VERSION, "7.2", "<")` and its variants: mirrored arguments, `phpversion()`, a leading `!`. */
function compareTest(tokens: readonly PhpToken[], at: number): VersionTest | undefined {
  const inside = tokens.slice(at + 2, at + 14);
  const ownAt = inside.findIndex((token) => /^\\?(PHP_VERSION|phpversion)$/.test(token.text) && token.kind === "name");
  const literalAt = inside.findIndex((token) => token.kind === "string" && /^\d+\.\d+/.test(token.text));
  const opAt = inside.findIndex((token) => token.kind === "string" && (token.text in mirrored || token.text in wordOps));
  const literal = inside[literalAt];
  if (ownAt === -1 || literal === undefined || opAt === -1 || ownAt > 4) return undefined;
  const written = inside[opAt]?.text ?? "";
  const plain = wordOps[written] ?? written;
  const op = literalAt < ownAt ? (mirrored[plain] ?? plain) : plain;
  const before = tokens[at - 1]?.text === "\\" ? tokens[at - 2]?.text : tokens[at - 1]?.text;
  const offset = tokens[at]?.offset ?? 0;
  const version = /^\d+\.\d+(\.\d+)?/.exec(literal.text)?.[0] ?? "0.0";
  const stops = !joined(tokens, at) && stopsSoon(tokens, at + 2 + opAt + 1);
  return { op: before === "!" ? (negations[op] ?? op) : op, version, stops, offset };
}

function versionBound(tokens: readonly PhpToken[], at: number): PhpValues["versionBounds"][number] | undefined {
  const token = tokens[at];
  if (token === undefined) return undefined;
  const bound = minName.test(token.text) ? "min" : maxName.test(token.text) ? "max" : undefined;
  if (bound === undefined || !/^\$?[\w.-]{3,60}$/.test(token.text) || otherThing.test(token.text)) return undefined;
  for (const candidate of tokens.slice(at + 1, at + 4)) {
    if (candidate.kind === "string" && plainVersion.test(candidate.text)) {
      return { name: token.text, bound, version: candidate.text, offset: token.offset };
    }
    if (candidate.kind === "number" && /^[5-9]\d{4}$/.test(candidate.text)) {
      return { name: token.text, bound, version: fromId(candidate.text), offset: token.offset };
    }
    if (![",", "=", "=>", ")", "]"].includes(candidate.text)) return undefined;
  }
  return undefined;
}

function environmentName(tokens: readonly PhpToken[], at: number): string | undefined {
  const token = tokens[at];
  const argument = tokens[at + 2];
  if (argument?.kind !== "string" || !/^[A-Z][A-Z0-9_]{2,60}$/.test(argument.text)) return undefined;
  const opener = tokens[at + 1]?.text;
  if (token?.kind === "variable") return token.text === "$_ENV" && opener === "[" ? argument.text : undefined;
  const name = token?.text.toLowerCase().replace("\\", "");
  return opener === "(" && (name === "getenv" || name === "env") ? argument.text : undefined;
}

/** The last literal of a call's first arguments, up to the closing parenthesis: `mkdir(ROOT . "/cache/x")` gives `/cache/x`. */
function writeMark(tokens: readonly PhpToken[], at: number): WriteMark | undefined {
  const call = tokens[at]?.text.toLowerCase().replace("\\", "") ?? "";
  const argument = call === "move_uploaded_file" || call === "rename" || call === "copy" ? 1 : 0;
  let depth = 0;
  let comma = 0;
  let path = "";
  for (let i = at + 1; i < Math.min(tokens.length, at + 30); i += 1) {
    const token = tokens[i];
    if (token === undefined) break;
    if (token.kind === "string" && comma === argument && depth === 1 && path === "") path = token.text;
    else if (token.text === "(" || token.text === "[") depth += 1;
    else if (token.text === ")" || token.text === "]") depth -= 1;
    else if (token.text === "," && depth === 1) comma += 1;
    if (depth === 0) {
      if (call === "fopen" && !/^[waxc]/.test(tokens[i - 1]?.text ?? "")) return undefined;
      break;
    }
  }
  return path.length > 1 && path.length < 120 ? { call, path, offset: tokens[at]?.offset ?? 0 } : undefined;
}

/** Collects the version tests, environment variables and written paths of one file. */
export function phpValues(tokens: readonly PhpToken[]): PhpValues {
  const versionTests: VersionTest[] = [];
  const versionBounds: PhpValues["versionBounds"][number][] = [];
  const environment = new Map<string, number>();
  const writes: WriteMark[] = [];
  const keep = <T>(list: T[], value: T | undefined): void => {
    if (value !== undefined && list.length < 200) list.push(value);
  };
  tokens.forEach((token, at) => {
    if (token.kind === "html" || token.kind === "operator" || token.kind === "number") return;
    if (token.text.length < 61 && /php/i.test(token.text)) keep(versionBounds, versionBound(tokens, at));
    if (token.kind === "name" || token.text === "$_ENV") {
      const name = environmentName(tokens, at);
      if (name !== undefined && !environment.has(name)) environment.set(name, token.offset);
    }
    if (token.kind !== "name") return;
    const word = token.text.toLowerCase().replace(/^\\/, "");
    if (word === "php_version_id") keep(versionTests, idTest(tokens, at));
    else if (word === "version_compare") keep(versionTests, compareTest(tokens, at));
    else if (writers.has(word) && tokens[at + 1]?.text === "(") keep(writes, writeMark(tokens, at));
  });
  return { versionTests, versionBounds, environment, writes };
}

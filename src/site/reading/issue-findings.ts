import type * as z from "zod";
import type { Diagnostic, Path } from "../../kernel/diagnostic.ts";
import { fieldName, valueInWords } from "./field-name.ts";
import { foreignWordHint } from "./foreign-words.ts";
import { nearest } from "./nearest.ts";
import { keysAt, schemasAt, shapeOf, unwrapped } from "./schema-node.ts";

type Issue = z.core.$ZodIssue;

/** What the findings may look at: the file's data, and a scalar's text as it was written. */
export interface IssueContext {
  readonly value: unknown;
  written(path: Path): string | undefined;
}

/** Turns zod's issues into findings in plain sentences; a union's issue becomes that of the branch that was meant. */
export function issueFindings(issues: readonly Issue[], context: IssueContext, base: Path = []): Diagnostic[] {
  return issues.flatMap((issue): Diagnostic[] => {
    const path = [...base, ...(issue.path as (string | number)[])];
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => unknownKey(path, key));
      case "invalid_union":
        return unionFindings(issue.errors, context, path);
      case "invalid_key":
        return [invalidKey(path, issue.issues)];
      case "invalid_type":
        return [wrongType(path, [issue.expected], context)];
      case "invalid_value":
        return [wrongChoice(path, issue.values, context)];
      default:
        return [wrongValue(path, rangeInWords(issue), context)];
    }
  });
}

function error(code: Diagnostic["code"], path: Path, message: string, hint?: string): Diagnostic {
  return { code, severity: "error", message, path, ...(hint === undefined ? {} : { hint }) };
}

/** The value at a path of plain data. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === "object" && at !== null && Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined),
    value,
  );
}

function unknownKey(path: Path, key: string): Diagnostic {
  const allowed = keysAt(path);
  const near = nearest(key, allowed);
  const foreign = foreignWordHint(path, key);
  const list = allowed.length <= 14 ? ` It may have: ${allowed.join(", ")}.` : "";
  const hint = near !== undefined && foreign === undefined ? `Did you mean \`${near}\`?${list}` : (foreign ?? list.trim());
  const where = path.length === 0 ? "at the top of the file" : `in \`${fieldName(path)}\``;
  return error("site/unknown-key", [...path, key], `\`${key.slice(0, 60)}\` is not known ${where}`, hint === "" ? undefined : hint);
}

function invalidKey(path: Path, issues: readonly Issue[]): Diagnostic {
  const key = String(path.at(-1)).slice(0, 60);
  const rule = issues.map((issue) => (issue.message.startsWith("must ") ? issue.message : rangeInWords(issue)))[0] ?? "is not allowed";
  return error("site/invalid-key", path, `\`${key}\` in \`${fieldName(path.slice(0, -1))}\` ${rule}`);
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys",
  record: "a map of keys",
};

function wrongType(path: Path, expected: readonly string[], context: IssueContext): Diagnostic {
  const value = valueAt(context.value, path);
  const subject = `\`${fieldName(path)}\``;
  const wanted = [...new Set(expected.map((type) => typeNames[type] ?? type))].join(" or ");
  if (value === undefined) {
    const description = schemasAt(path).map((schema) => unwrapped(schema).description)[0];
    return error(
      "site/missing-field",
      path,
      path.length === 0 ? "the file is empty" : `${subject} is missing`,
      path.length === 0 ? emptyHint : description,
    );
  }
  const message = `${path.length === 0 ? "the file" : subject}: expected ${wanted}, found ${valueInWords(value)}`;
  return error("site/invalid-type", path, message, typeHint(path, expected, value, context));
}

const emptyHint = "Run `howdah init DIR` to write one from what is in the directory.";

function typeHint(path: Path, expected: readonly string[], value: unknown, context: IssueContext): string | undefined {
  const written = context.written(path) ?? String(value);
  const key = String(path.at(-1));
  if (value === null) return "Give it a value, or remove the line.";
  if (key === "php" && typeof value === "number") return `Quote it: \`php: "${written}"\`. Without quotes 8.10 would be read as 8.1.`;
  if (expected.includes("string") && (typeof value === "number" || typeof value === "boolean")) return `Put it in quotes: "${written}".`;
  if (expected.includes("array") && typeof value === "string") return `Write a list: \`${key}: [${written.slice(0, 60)}]\`.`;
  if (expected.includes("boolean") && typeof value === "string") return "Write true or false, without quotes.";
  if ((expected.includes("int") || expected.includes("number")) && typeof value === "string" && /^[0-9]+$/.test(value))
    return "Remove the quotes.";
  if (expected.includes("int") && typeof value === "number") return "Write a whole number.";
  return undefined;
}

function wrongChoice(path: Path, values: readonly unknown[], context: IssueContext): Diagnostic {
  const value = valueAt(context.value, path);
  if (value === undefined) return wrongType(path, [], context);
  const choices = values.map(String);
  const near = typeof value === "string" ? nearest(value, choices) : undefined;
  const list = choices.map((choice) => `\`${choice}\``).join(", ");
  const message = `\`${fieldName(path)}\` must be ${choices.length === 1 ? list : `one of ${list}`}, not ${valueInWords(value)}`;
  return error("site/invalid-value", path, message, near === undefined ? undefined : `Did you mean \`${near}\`?`);
}

function wrongValue(path: Path, rule: string, context: IssueContext): Diagnostic {
  const value = valueAt(context.value, path);
  const found = typeof value === "object" ? "" : `, not ${valueInWords(value)}`;
  return error("site/invalid-value", path, `\`${fieldName(path)}\` ${rule}${found}`, valueHint(path, value));
}

function valueHint(path: Path, value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const last = path.at(-1);
  if (typeof last === "number" && /^https?:\/\//.test(value)) return "Write the hostname alone, without `https://` and path.";
  if (value.startsWith("/") && ["root", "source"].includes(String(last)))
    return "It is relative to the site's directory: remove the leading `/`.";
  const size = /^([0-9]+) ?(k|m|g|t)i?b?$/i.exec(value);
  if (size !== null && /size|memory/i.test(String(last))) {
    const unit = size[2]?.toUpperCase() ?? "M";
    return last === "memoryLimit" ? `Write \`${size[1]}${unit}\`.` : `Write \`${size[1]}${unit}i\`.`;
  }
  return undefined;
}

function rangeInWords(issue: Issue): string {
  if (issue.message.startsWith("must ")) return issue.message;
  if (issue.code === "too_small" || issue.code === "too_big") {
    const small = issue.code === "too_small";
    const bound = String(small ? issue.minimum : issue.maximum);
    const limit = `${small ? "at least" : "at most"} ${bound}`;
    if (issue.origin === "string") return small && bound === "1" ? "must not be empty" : `must have ${limit} characters`;
    return issue.origin === "array" ? `must have ${limit} ${bound === "1" ? "entry" : "entries"}` : `must be ${limit}`;
  }
  return "has a form that is not allowed";
}

/**
 * Finds the branch of a union that was meant: of those that accept this kind of value, the one whose keys are nearest; where none
 * accepts it, one sentence names all kinds.
 */
function unionFindings(branches: readonly (readonly Issue[])[], context: IssueContext, path: Path): Diagnostic[] {
  const flat = branches.flatMap(branchesWithin);
  const kindFits = flat.filter((issues) => !issues.some((issue) => issue.code === "invalid_type" && issue.path.length === 0));
  if (kindFits.length === 0) {
    const expected: string[] = flat.flatMap((issues) => issues.flatMap((issue) => (issue.code === "invalid_type" ? [issue.expected] : [])));
    return [wrongType(path, expected, context)];
  }
  if (kindFits.every((issues) => issues.every((issue) => issue.code === "invalid_value" && issue.path.length === 0))) {
    const values = kindFits.flatMap((issues) => issues.flatMap((issue) => (issue.code === "invalid_value" ? [...issue.values] : [])));
    return [wrongChoice(path, values, context)];
  }
  const value = valueAt(context.value, path);
  const ranked = kindFits.map((issues) => ({ issues, cost: branchCost(issues) })).sort((a, b) => a.cost - b.cost);
  const best = ranked[0];
  if (best === undefined) return [];
  const tied = ranked.filter((entry) => entry.cost === best.cost);
  if (tied.length === 1 || typeof value !== "object") return issueFindings(best.issues, context, path);
  // A list of texts and a list of anything: the wider one is meant.
  const wide = tied.find((entry) => entry.issues.some((issue) => issue.code === "invalid_union"));
  return wide === undefined ? [ambiguous(path, value)] : issueFindings(wide.issues, context, path);
}

/** A branch that is itself a union counts as its branches. */
function branchesWithin(issues: readonly Issue[]): readonly (readonly Issue[])[] {
  const only = issues.length === 1 ? issues[0] : undefined;
  return only?.code === "invalid_union" && only.path.length === 0 ? only.errors.flatMap(branchesWithin) : [issues];
}

/** How far a value is from a branch: unknown keys cost, but one that is nearly a missing key's name costs little. */
function branchCost(issues: readonly Issue[]): number {
  const unknown = issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []));
  const missing = issues.flatMap((issue) => (issue.code !== "unrecognized_keys" && issue.path.length === 1 ? [String(issue.path[0])] : []));
  const misspelt = unknown.filter((key) => nearest(key, missing) !== undefined).length;
  return issues.length * 10 + unknown.length * 10 - misspelt * 25;
}

function ambiguous(path: Path, value: unknown): Diagnostic {
  const options = schemasAt(path)
    .map(shapeOf)
    .flatMap((shape) => (shape.kind === "choice" ? shape.options : []));
  const wanted = options.map(shapeOf).flatMap((shape) => (shape.kind === "map" ? [`{${Object.keys(shape.fields).join(", ")}}`] : []));
  const found = Array.isArray(value)
    ? "a list"
    : `{${Object.keys(value as object)
        .slice(0, 5)
        .join(", ")}}`;
  return error(
    "site/invalid-value",
    path,
    `\`${fieldName(path)}\` has an unknown form: ${found.slice(0, 80)}`,
    `As a map it may be ${[...new Set(wanted)].join(", ")}.`,
  );
}

import { parseRegex, type RegexNode } from "../../kernel/regex-tree.ts";
import type { RewriteCondition } from "./rewrite-rule.ts";

/** True when a rule's pattern takes every path (of a directory). */
export function isCatchAll(pattern: string): boolean {
  return /^(\.|\^|\^\.|\.\*|\^\.\*\$?|\(\.\*\)|\^\(\.[*+]\)\$?|\(\.\+\)|\.\+|\^\.\+\$?|\.\?|\^\(\.\*\)\/\?\$|\^\/\?\(\.[*+]\)\/?\??\$?|\^\(\.\*\)\.\*\$?|\.\*\$|\^\(\[\^\?\]\*\)\$?|\(\.[*+]\)\$)$/.test(
    pattern,
  );
}

/** Which files and directories a rule asks to be missing or there. */
export interface FileTests {
  readonly noFile: boolean;
  readonly noDirectory: boolean;
  /** A condition asks that a file *is* there. */
  readonly isThere: boolean;
  /** Conditions that are about something else. */
  readonly others: readonly RewriteCondition[];
}

/** Sorts a rule's conditions: those on the file's existence, and the rest. */
export function fileTests(conditions: readonly RewriteCondition[]): FileTests {
  const isFileTest = ({ subject, pattern }: RewriteCondition): boolean =>
    /REQUEST_FILENAME|SCRIPT_FILENAME|DOCUMENT_ROOT/.test(subject) && /^-[fdlseF]$/.test(pattern);
  const tests = conditions.filter(isFileTest);
  return {
    noFile: tests.some(({ negated, pattern }) => negated && /^-[fsF]$/.test(pattern)),
    noDirectory: tests.some(({ negated, pattern }) => negated && pattern === "-d"),
    isThere: tests.some(({ negated }) => !negated),
    others: conditions.filter((condition) => !isFileTest(condition)),
  };
}

/**
 * A rule's pattern, which Apache matches against the path below the file's directory without a leading slash, as one for the whole URL path.
 * Undefined when the pattern can't be read.
 */
export function absolutePattern(pattern: string, dir: string): string | undefined {
  const tree = parseRegex(pattern);
  if (tree === undefined) return undefined;
  const prefix = escapeRegex(dir);
  const options = splitAlternatives(pattern, tree).map((option) => {
    if (option.startsWith("^/?")) return `^${prefix}/${option.slice(3)}`;
    if (option.startsWith("^/")) return `^${prefix}${option.slice(1)}`;
    if (option.startsWith("^")) return `^${prefix}/${option.slice(1)}`;
    if (/^\(*\.([*+]|$)/.test(option)) return `^${prefix}/${option}`;
    return dir === "" ? option : `^${prefix}/.*?${option}`;
  });
  return options.length === 1
    ? options[0]
    : options.every((option) => option.startsWith("^"))
      ? `^(?:${options.map((o) => o.slice(1)).join("|")})`
      : options.join("|");
}

/** The alternatives at the top of a pattern, as text. */
function splitAlternatives(pattern: string, tree: RegexNode): string[] {
  if (tree.kind !== "either") return [pattern];
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  let inClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "\\") at += 1;
    else if (inClass) inClass = char !== "]";
    else if (char === "[") inClass = true;
    else if (char === "(") depth += 1;
    else if (char === ")") depth -= 1;
    else if (char === "|" && depth === 0) {
      parts.push(pattern.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, pattern.slice(start)];
}

export function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Conditions on the URL path as look-aheads in front of a pattern that starts with `^`; undefined when one is about something else. */
export function withPathConditions(pattern: string, conditions: readonly RewriteCondition[]): string | undefined {
  if (conditions.length === 0) return pattern;
  if (!pattern.startsWith("^") || conditions.some(({ or, subject }) => or || subject !== "%{REQUEST_URI}")) return undefined;
  const looks = conditions.map(({ pattern: asked, negated, noCase }) => {
    const body = asked.startsWith("=") ? `^${escapeRegex(asked.slice(1))}$` : asked;
    const anchored = body.startsWith("^") ? body.slice(1) : `.*(?:${body})`;
    return `(?${negated ? "!" : "="}${noCase ? "(?i)" : ""}${body.startsWith("^") && body.includes("|") ? `(?:${body})` : anchored})`;
  });
  return `^${looks.join("")}${pattern.slice(1)}`;
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseRegex, type RegexNode } from "../../kernel/regex-tree.ts";
import { riskyRegex } from "../../kernel/risky-regex.ts";
import type { Site } from "../../site/site.ts";
import { type Directive, directive, literal, when } from "./directive.ts";

type Rewrite = Site["web"]["rewrites"][number];

/**
 * The site's rewrites, in order, for the server block: the first that matches wins, and locations are found for its result.
 * Fails with `render/unsafe` for expressions that would be slow on hostile URLs (test G7).
 */
export function renderRewrites(rewrites: readonly Rewrite[]): readonly Directive[] {
  return rewrites.map((rewrite, index) => {
    const risk = riskyRegex(rewrite.from);
    if (risk !== undefined) throw new HowdahError("render/unsafe", `The rewrite from ${JSON.stringify(rewrite.from)} is refused: ${risk}`);
    const rule = renderRule(rewrite, `howdah_r${index}_`);
    return rewrite.ifNoFile ? when(["!-e", "$request_filename"], [rule]) : rule;
  });
}

function renderRule({ from, to, redirect }: Rewrite, prefix: string): Directive {
  const target = /^(\/|\$\d|https?:\/\/)/.test(to) ? to : `/${to}`;
  const groups = capturesOf(from);
  // nginx (CVE-2026-42945, CVE-2026-9256) miscounts numbered captures that it must escape after a `?`, and those that overlap.
  // Named ones are plain variables.
  const named = (target.includes("?") && /\$\d/.test(target)) || groups.nested || redirect === 307 || redirect === 308;
  const expression = named ? nameCaptures(from, groups.opens, prefix) : from;
  const words = replaceCaptures(target, groups.opens.length, (number) => (named ? `\${${prefix}${number}}` : `$${number}`));
  if (redirect === 307 || redirect === 308) return when(["$uri", "~", expression], [directive("return", redirect, words)]);
  return directive("rewrite", expression, words, redirect === 301 ? "permanent" : redirect === 302 ? "redirect" : "last");
}

/** `$1` becomes what `write` says, every other `$` stays a `$`; a capture that the expression has not is refused. */
function replaceCaptures(target: string, count: number, write: (number: number) => string): string {
  return target
    .split(/(\$\d)/)
    .map((part) => {
      if (!/^\$\d$/.test(part)) return literal(part);
      const number = Number(part.slice(1));
      if (number >= 1 && number <= count) return write(number);
      throw new HowdahError("render/unsafe", `The rewrite to ${JSON.stringify(target)} uses ${part}, which its expression does not catch`);
    })
    .join("");
}

/** Offsets of capturing groups, and whether one lies within another. */
function capturesOf(pattern: string): { readonly opens: readonly number[]; readonly nested: boolean } {
  const opens: number[] = [];
  let nested = false;
  const visit = (node: RegexNode, inside: boolean): void => {
    if (node.kind === "group") {
      if (node.captures) {
        opens.push(node.open);
        nested ||= inside || node.prefix !== "";
      }
      visit(node.body, inside || node.captures);
    } else if (node.kind === "sequence") for (const item of node.items) visit(item, inside);
    else if (node.kind === "either") for (const option of node.options) visit(option, inside);
    else if (node.kind === "repeat") visit(node.item, inside);
  };
  const tree = parseRegex(pattern);
  if (tree !== undefined) visit(tree, false);
  return { opens, nested };
}

function nameCaptures(pattern: string, opens: readonly number[], prefix: string): string {
  let named = pattern;
  for (const [index, open] of [...opens.entries()].reverse()) {
    const rest = named.slice(open + 1).replace(/^\?P?<[A-Za-z_][A-Za-z0-9_]*>/, "");
    named = `${named.slice(0, open + 1)}?<${prefix}${index + 1}>${rest}`;
  }
  return named;
}

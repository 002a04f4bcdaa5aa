import { createHash } from "node:crypto";
import { fromDebianLicence, spdxIdentifier } from "../../catalog/licences.ts";

/** A licence as SPDX writes it, and the names in it that SPDX does not know, by the reference that stands for them. */
export interface LicenceExpression {
  readonly expression: string;
  readonly references: Readonly<Record<string, string>>;
}

type Tree = { readonly all: readonly Tree[] } | { readonly any: readonly Tree[] } | { readonly name: string };

/** What a Debian package's `debian/copyright` declares: all of its licences together. Undefined when there are none in a form that can be read. */
export function debianLicence(names: readonly string[]): LicenceExpression | undefined {
  const trees = names.map((name) => debianTree(name.trim()));
  return trees.length === 0 ? undefined : printed({ all: trees }, fromDebianLicence);
}

/** What composer and npm know of a library: one of several licences, each an SPDX expression. Undefined without a word that SPDX has. */
export function libraryLicence(names: readonly string[]): LicenceExpression | undefined {
  const expressions = names.map((name) => spdxExpression(name)).filter((name) => name !== undefined);
  if (expressions.length === 0 || expressions.length < names.length) return undefined;
  const alone = expressions.length === 1;
  const parts = expressions.map((one) => (alone || !/ (AND|OR) /.test(one) || isBracketed(one) ? one : `(${one})`));
  return { expression: [...new Set(parts)].join(" OR "), references: {} };
}

/** DEP-5: `and` binds closer than `or`; a comma before them turns that round. */
function debianTree(text: string): Tree {
  for (const [separator, kind] of [
    [/,\s*or\s+/i, "any"],
    [/,\s*and\s+/i, "all"],
    [/\s+(?:and\/)?or\s+/i, "any"],
    [/\s+and\s+/i, "all"],
  ] as const) {
    const parts = text.split(separator).filter((part) => part !== "");
    if (parts.length > 1) {
      const trees = parts.map((part) => debianTree(part.trim()));
      return kind === "any" ? { any: trees } : { all: trees };
    }
  }
  return { name: text.replaceAll(/\s+/g, " ") };
}

function printed(tree: Tree, known: (name: string) => string | undefined): LicenceExpression {
  const references: Record<string, string> = {};
  const nameOf = (name: string): string => {
    const identifier = known(name);
    if (identifier !== undefined) return identifier;
    const reference = `LicenseRef-Debian-${idOf(name)}`;
    references[reference] = name;
    return reference;
  };
  /** The parts of a list, those of lists of the same kind in it among them; each once, sorted. */
  const partsOf = (one: Tree, kind: "any" | "all"): string[] =>
    kind in one
      ? [...new Set((kind === "any" && "any" in one ? one.any : "all" in one ? one.all : []).flatMap((part) => partsOf(part, kind)))].sort()
      : [print(one, true)];
  const print = (one: Tree, inside: boolean): string => {
    if ("name" in one) return nameOf(one.name);
    const kind = "any" in one ? "any" : "all";
    const parts = partsOf(one, kind);
    const [only = ""] = parts;
    if (parts.length === 1) return inside ? only : only.replace(/^\((.*)\)$/, "$1");
    const text = parts.join(kind === "any" ? " OR " : " AND ");
    return inside ? `(${text})` : text;
  };
  return { expression: print(tree, false), references };
}

/** A name in the letters that SPDX allows; where that takes something away, a hash of it keeps the name apart from others. */
function idOf(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9.]+/g, "-").replaceAll(/^-|-$/g, "");
  return plain === name ? name : `${plain || "unnamed"}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}

/** An SPDX expression whose every identifier is known, spelled as the list has it. */
function spdxExpression(text: string): string | undefined {
  const tokens = text
    .replaceAll(/([()])/g, " $1 ")
    .split(/\s+/)
    .filter((token) => token !== "");
  const out: string[] = [];
  let depth = 0;
  let expects: "operand" | "operator" = "operand";
  for (const token of tokens) {
    if (token === "(" && expects === "operand") depth += 1;
    else if (token === ")" && expects === "operator" && depth > 0) depth -= 1;
    else if (/^(and|or)$/i.test(token) && expects === "operator") expects = "operand";
    else if (expects === "operand" && spdxIdentifier(token) !== undefined) expects = "operator";
    else return undefined;
    out.push(spdxIdentifier(token) ?? token.toUpperCase());
  }
  if (depth !== 0 || expects === "operand" || out.length > MOST_TOKENS) return undefined;
  return out.join(" ").replaceAll("( ", "(").replaceAll(" )", ")");
}

/** Longer than any licence of a library; beyond it, it is no licence. */
const MOST_TOKENS = 60;

function isBracketed(text: string): boolean {
  return text.startsWith("(") && text.indexOf(")") === text.length - 1;
}

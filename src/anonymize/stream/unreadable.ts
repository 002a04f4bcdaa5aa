import type { InsideRules, LeafMask } from "../plan.ts";
import { covers } from "./inner-rule.ts";

/**
 * What begins as JSON or serialized PHP does. Asked of what could not be read as such: it is cut, or was written by hand. Strict for a text within a
 * structure, since `[NEW] shoes` and `{{name}}` are texts; a whole value of a column that should hold a structure only has to begin with a bracket.
 */
export function beginsAsStructure(text: string, strict: boolean): boolean {
  if (/^\s*[aOCEs]:\+?[0-9]{1,20}:(?:["{]|$)/.test(text)) return true;
  return (strict ? /^\s*(?:[[\s]*\{\s*"|\[[[\s]*(?:"|-?[0-9]+(?:\.[0-9]+)?\s*,))/ : /^\s*[[{]/).test(text);
}

/**
 * The mask of a structure at a path that can't be read, so that nobody knows what lies where. It fails closed: what is kept whole stays, what would have been
 * searched as text is searched, what has one mask whole gets that, and where a rule may name something in it, it is cleared.
 */
export function maskOfUnreadable(inside: InsideRules, path: readonly string[]): LeafMask {
  const index = inside.paths.findIndex((rule) => covers(rule.path, path));
  const decides = inside.paths[index]?.mask ?? inside.otherwise;
  const before = index < 0 ? inside.paths : inside.paths.slice(0, index);
  const within = before.filter((rule) => reaches(rule.path, path)).map(({ mask }) => mask.mask);
  const masks = new Set([decides.mask, ...within]);
  if (masks.size === 1 && (within.length === 0 || decides.mask === "keep" || decides.mask === "text")) return decides;
  return [...masks].every((mask) => mask === "keep" || mask === "text") ? { mask: "text" } : { mask: "clear" };
}

/** True when the pattern may name something below the path. */
function reaches([first, ...rest]: readonly string[], [key, ...below]: readonly string[]): boolean {
  if (key === undefined || first === undefined || first === "**") return true;
  return (first === "*" || first === key) && reaches(rest, below);
}

import type { InsideRules, LeafMask } from "../plan.ts";

/** The mask of a value at a path: of the first rule that names it, or something that it lies in. */
export function innerRule(inside: InsideRules, path: readonly string[]): LeafMask {
  return inside.paths.find((rule) => covers(rule.path, path))?.mask ?? inside.otherwise;
}

/** True when the pattern names the path or a beginning of it. `*` is one key, `**` any number. */
export function covers(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return true;
  if (first === "**") return rest.length === 0 || path.some((_, index) => covers(rest, path.slice(index)));
  const [key, ...below] = path;
  return key !== undefined && (first === "*" || first === key) && covers(rest, below);
}

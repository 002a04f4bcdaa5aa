import { plainName } from "./rsync-output.ts";

/** What is not the same on both sides. */
export interface Difference {
  /** Relative to the tree; `.` is its root. */
  readonly path: string;
  /** `missing` at the target; `extra` there; else what of it differs. */
  readonly what: "missing" | "extra" | "content" | "size" | "time" | "mode" | "acl" | "xattr" | "link";
}

/** Letters of rsync's items, in their places after the two that say what is done with what: `.f..t.......`. */
const PLACES: readonly (readonly [number, string, Difference["what"]])[] = [
  [2, "c", "content"],
  [3, "s", "size"],
  [5, "p", "mode"],
  [9, "a", "acl"],
  [10, "x", "xattr"],
  [4, "tT", "time"],
];

/**
 * Reads `--itemize-changes --out-format='%i %n'`: the weightiest difference of each entry. Errors of rsync itself are on another stream. The root of a
 * volume belongs to the cluster, which gives it mode and group: its own attributes are no difference.
 */
export function parseDifferences(lines: readonly string[]): readonly Difference[] {
  return lines.flatMap((line) => differenceOf(line) ?? []);
}

function differenceOf(line: string): Difference | undefined {
  const extra = /^\*deleting\s+(.*)$/.exec(line)?.[1];
  if (extra !== undefined) return { path: nameOf(extra), what: "extra" };
  const [, items = "", name = ""] = /^([<>ch.][fdLDS][^ ]{9}) (.*)$/.exec(line) ?? [];
  if (items === "" || name === "./") return undefined;
  const path = nameOf(name);
  if (items.endsWith("+++++++++")) return { path, what: "missing" };
  if (items.startsWith("h")) return { path, what: "link" };
  if (items.startsWith("cL")) return { path, what: "link" };
  const found = PLACES.find(([place, letters]) => letters.includes(items[place] ?? " "));
  return found === undefined ? undefined : { path, what: found[2] };
}

function nameOf(printed: string): string {
  return plainName(printed.replace(/\/$/, ""));
}

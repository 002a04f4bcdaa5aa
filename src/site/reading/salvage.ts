import type * as z from "zod";
import type { Path } from "../../kernel/diagnostic.ts";
import { type DeclaredSite, siteDocument } from "../schema/site-document.ts";

/** Stand-ins for required fields that are missing or wrong. */
const standIns: readonly (readonly [Path, unknown])[] = [
  [["apiVersion"], "howdah.dev/v1alpha1"],
  [["kind"], "Site"],
  [["metadata"], {}],
  [["metadata", "name"], "site"],
];

/**
 * Takes the wrong fields out of a file's data and reads it again, so that people see the findings of the rules together with those
 * about form. Undefined when that needs more than five rounds.
 */
export function salvage(value: unknown, issues: readonly z.core.$ZodIssue[]): DeclaredSite | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const copy = structuredClone(value) as Record<string, unknown>;
  let remaining = issues;
  for (let round = 0; round < 5; round++) {
    for (const issue of remaining) removeWrong(copy, issue);
    for (const [path, standIn] of standIns) if (at(copy, path) === undefined) set(copy, path, standIn);
    const result = siteDocument.safeParse(copy);
    if (result.success) return result.data;
    remaining = result.error.issues;
  }
  return undefined;
}

function removeWrong(copy: Record<string, unknown>, issue: z.core.$ZodIssue): void {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys") {
    const parent = at(copy, path);
    if (typeof parent === "object" && parent !== null) for (const key of issue.keys) Reflect.deleteProperty(parent, key);
    return;
  }
  // PHP as a number is meant as the text; a missing required field takes its whole parent away.
  const value = at(copy, path);
  if (path.at(-1) === "php" && typeof value === "number") return set(copy, path, String(value));
  const missing = value === undefined && path.length > 1;
  remove(copy, missing ? path.slice(0, -1) : path);
}

function at(copy: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined), copy);
}

function set(copy: unknown, path: Path, value: unknown): void {
  const parent = at(copy, path.slice(0, -1));
  const last = path.at(-1);
  if (typeof parent === "object" && parent !== null && last !== undefined) Reflect.set(parent, last, value);
}

/** List items become undefined rather than move their neighbours; they are dropped with their list in the next round. */
function remove(copy: unknown, path: Path): void {
  const parent = at(copy, path.slice(0, -1));
  const last = path.at(-1);
  if (last === undefined || typeof parent !== "object" || parent === null) return;
  if (Array.isArray(parent)) parent[Number(last)] = undefined;
  else Reflect.deleteProperty(parent, last);
}

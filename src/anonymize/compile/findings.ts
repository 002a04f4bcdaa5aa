import type { Diagnostic } from "../../kernel/diagnostic.ts";
import type { Origin } from "../rules/rule-set.ts";

/** A finding about a rule, at its place in the site file. */
export function ruleFinding(
  code: "does-not-fit" | "not-unique" | "foreign-key" | "not-there" | "unknown-files" | "inside",
  origin: Pick<Origin, "path">,
  message: string,
  hint: string,
): Diagnostic {
  return { code: `dataset/${code}`, severity: "error", path: origin.path, message, hint };
}

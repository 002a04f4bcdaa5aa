import type { Diagnostic } from "../../kernel/diagnostic.ts";
import type { FileRule } from "../plan.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import { ruleFinding } from "./findings.ts";

/** Rules of files by mount, the site's own first. A mount whose files are not all covered is an error: nobody said that they may be seen. */
export function compileFiles(
  rules: RuleSet,
  mounts: readonly string[],
): { readonly files: readonly FileRule[]; readonly problems: readonly Diagnostic[] } {
  const files = mounts.flatMap((mount) =>
    rules.files
      .filter((rule) => rule.mount === undefined || rule.mount === mount)
      .map((rule): FileRule => ({ mount, match: rule.match, action: rule.action, because: rule.reason ?? rule.by })),
  );
  const problems = mounts
    .filter((mount) => !files.some((rule) => rule.mount === mount && rule.match === "**"))
    .map((mount) => {
      const hint = `Add \`{mount: ${mount}, match: "**", action: replace}\` as the last rule of \`dataset.files\`, or \`keep\` with a reason.`;
      return ruleFinding(
        "unknown-files",
        { path: ["spec", "dataset", "files"] },
        `no rule covers all files of the mount \`${mount}\``,
        hint,
      );
    });
  return { files, problems };
}

/** What becomes of a file: its path below the mount against the rules of the mount, the first that matches. */
export function fileAction(files: readonly FileRule[], mount: string, path: string): FileRule | undefined {
  return files.find((rule) => rule.mount === mount && matchesPath(rule.match.split("/"), path.split("/")));
}

function matchesPath(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return path.length === 0;
  if (first === "**") return rest.length === 0 ? path.length > 0 : path.some((_, index) => matchesPath(rest, path.slice(index)));
  return path[0] !== undefined && matchesName(first, path[0]) && matchesPath(rest, path.slice(1));
}

/** `*` and `?` within a name, whatever its case; by hand and going back only to the last star, so that no pattern takes long. */
function matchesName(pattern: string, name: string): boolean {
  const [signs, letters] = [Array.from(pattern.toLowerCase()), Array.from(name.toLowerCase())];
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (from < letters.length) {
    if (signs[at] === "*") {
      star = at;
      mark = from;
      at += 1;
    } else if (signs[at] === "?" || (signs[at] !== undefined && signs[at] === letters[from])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      at = star + 1;
      mark += 1;
      from = mark;
    } else return false;
  }
  while (signs[at] === "*") at += 1;
  return at === signs.length;
}

import type { Diagnostic } from "../../kernel/diagnostic.ts";
import { hazards, type UnsafeChange } from "./hazards.ts";
import { unsafePhp } from "./unsafe-php.ts";
import { unsafeSql } from "./unsafe-sql.ts";

/** One file of a migration: its path in the tree and its text. */
export interface MigrationFile {
  readonly path: string;
  readonly text: string;
}

/**
 * What in new migration files breaks the release that serves while they run: where it is, why, and what to do instead. SQL and PHP are read,
 * never run; what a program does at run time stays unseen.
 */
export function unsafeMigrations(files: readonly MigrationFile[]): readonly Diagnostic[] {
  return files.flatMap(({ path, text }) =>
    changesIn(path, text).map(({ hazard, what, line }): Diagnostic => {
      const { why, instead } = hazards[hazard];
      return {
        code: "detect/unsafe-migration",
        severity: "warning",
        message: `${what}: ${why}`,
        path: ["spec", "hooks", "migrate"],
        hint: instead,
        file: path,
        line,
      };
    }),
  );
}

function changesIn(path: string, text: string): readonly UnsafeChange[] {
  if (path.endsWith(".sql")) return unsafeSql(text);
  return path.endsWith(".php") ? unsafePhp(text) : [];
}

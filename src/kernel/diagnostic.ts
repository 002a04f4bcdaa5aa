/** Where in a document a finding points: keys and indexes from the root. */
export type Path = readonly (string | number)[];

/**
 * One finding about a site file, an existing tree or a host. Findings are data: they are collected, never thrown one by one,
 * so that people see all of them at once. `code` is `<stage>/<kebab-case>`, stable, and documented.
 */
export interface Diagnostic {
  readonly code: `${"site" | "detect" | "htaccess" | "render" | "dataset"}/${string}`;
  readonly severity: "error" | "warning" | "info";
  /** One sentence that names what is wrong and where, without a trailing full stop. */
  readonly message: string;
  readonly path: Path;
  /** What to do about it. */
  readonly hint?: string;
  /** The file a finding is about when it is not the site file, relative to the tree. */
  readonly file?: string;
  /** 1-based line in `file`. */
  readonly line?: number;
}

/** True when a list of findings must stop the work. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}

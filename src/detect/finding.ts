import type { Diagnostic } from "../kernel/diagnostic.ts";
import type { Evidence } from "./evidence.ts";

/** What one detector concludes: a value, why, and what a person must know. */
export interface Finding<T> {
  readonly value: T;
  readonly evidence: readonly Evidence[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A finding about the tree: `detect/<name>`. */
export function treeDiagnostic(
  name: string,
  severity: Diagnostic["severity"],
  message: string,
  more: { readonly path?: Diagnostic["path"]; readonly hint?: string; readonly file?: string; readonly line?: number } = {},
): Diagnostic {
  return { code: `detect/${name}`, severity, message, path: [], ...more };
}

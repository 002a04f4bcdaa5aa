import type { Diagnostic } from "./diagnostic.ts";
import { type ErrorCode, type ErrorEntry, errorCatalog } from "./error-catalog.ts";

/** What a failure carries beside its sentence. */
export interface ErrorDetails extends ErrorOptions {
  /** Findings that caused it, when it is about a file. */
  readonly diagnostics?: readonly Diagnostic[];
  /** Last lines of a program's output, oldest first, at most 100. */
  readonly output?: readonly string[];
  /** A next step that fits this case better than the catalog's. */
  readonly hint?: string;
}

/** A failure with a name. Anything thrown that is not one of these is a bug and is shown as such. */
export class HowdahError extends Error {
  override readonly name = "HowdahError";
  readonly code: ErrorCode;
  readonly diagnostics: readonly Diagnostic[];
  readonly output: readonly string[];
  readonly hint: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.diagnostics = details.diagnostics ?? [];
    this.output = (details.output ?? []).slice(-100);
    this.hint = details.hint ?? errorCatalog[code].hint;
  }

  get entry(): ErrorEntry {
    return errorCatalog[this.code];
  }
}

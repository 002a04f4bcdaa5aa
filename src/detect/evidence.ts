import type { Diagnostic } from "../kernel/diagnostic.ts";
import type { SiteDocument } from "../site/schema/site-document.ts";

/** Why a field of the proposed site is what it is. */
export interface Evidence {
  /** The field, as in the file: `spec.runtime.php`, `spec.mounts.data`. */
  readonly field: string;
  /** What was chosen, for a person: `8.2`, `data/`. */
  readonly value: string;
  /** The reason in one clause: "composer.json asks for ^8.1", "its installer checks that data/ is writable". */
  readonly because: string;
  /** The file that says so, relative to the tree. */
  readonly file?: string;
  /** 1-based line. */
  readonly line?: number;
  /** How sure: a declared fact, a deduction from code, or a guess. */
  readonly confidence: "certain" | "likely" | "guess";
}

/** What `howdah init` proposes: a site file, the evidence for each of its fields, and what a person must know. */
export interface Proposal {
  readonly site: SiteDocument;
  readonly evidence: readonly Evidence[];
  readonly diagnostics: readonly Diagnostic[];
}

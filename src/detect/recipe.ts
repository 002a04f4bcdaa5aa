import type { SiteDocument } from "../site/schema/site-document.ts";
import type { Tree } from "./tree.ts";

/**
 * What is known about one application beyond what its tree shows. `recognize` must be strict: a wrong product is worse than none.
 * `spec` holds only what can't be seen in the tree (install command, configuration preset, variables, health path, crons);
 * detectors fill the rest from evidence, and evidence from the tree wins over a recipe's list for extensions and PHP version.
 */
export interface Recipe {
  /** Stable id, as in `spec.recipe`: `wordpress`. */
  readonly id: string;
  readonly name: string;
  /** The words for a person why it is this application, or undefined when it is not. */
  recognize(tree: Tree): { readonly because: string; readonly file: string; readonly version?: string } | undefined;
  /** What to add; given the version when it is known. Paths are relative to the tree's root. */
  spec(context: { readonly tree: Tree; readonly version?: string | undefined }): NonNullable<SiteDocument["spec"]>;
  /** PHP versions (inclusive) that this version of the application is known to work with; an upper bound matters for old code. */
  phpRange?(version: string | undefined): { readonly min?: string; readonly max?: string; readonly because: string } | undefined;
}

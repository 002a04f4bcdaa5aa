import type { Pipeline } from "./pipeline.ts";
import { shellWords } from "./shell-words.ts";

/** What a runner must be called that works on the machine where the site and its environments run. */
export const REVIEW_RUNNER = "howdah-review";

/** The scripts of review: `name` and `commit` are words of the platform's shell, quoted there. */
export interface ReviewScripts {
  readonly create: string;
  /** Prints the environment's address. */
  readonly address: string;
  readonly remove: string;
}

/**
 * Brings a merge request's newest commit into its environment: made by the first run, followed by the next ones, with the data that it began with. The site
 * is the one that runs on the machine, by its name; the commit is in the pipeline's own checkout.
 */
export function reviewScripts(
  { path, site }: Pipeline,
  { name, commit }: { readonly name: string; readonly commit: string },
): ReviewScripts {
  const words = shellWords([site]);
  return {
    create: `howdah env create ${name} ${words} --commit ${commit} --checkout ${shellWords([path])}\n`,
    address: `howdah env open ${name} ${words}`,
    remove: `howdah env delete ${name} ${words} --yes --if-exists\n`,
  };
}

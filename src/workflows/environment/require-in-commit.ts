import { isAbsolute, relative } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ProjectFiles } from "../ports.ts";

/**
 * Whoever may push a branch may commit a link to any directory of this machine, which is read with Howdah's rights: nothing is read or built of a directory that
 * lies outside of the commit's own tree once all links are followed. Error: `site/invalid`.
 */
export async function requireInCommit(directory: string, tree: string, files: Pick<ProjectFiles, "realpath">): Promise<void> {
  const named = relative(tree, directory);
  const top = await files.realpath(tree);
  const real = await files.realpath(directory).catch((cause: unknown) => {
    throw new HowdahError("site/invalid", `The commit has no ${named}`, {
      cause,
      hint: "Commit the directory, or name another one in `spec.source` of the commit's site file.",
    });
  });
  const within = relative(top, real);
  if (within !== ".." && !within.startsWith("../") && !isAbsolute(within)) return;
  throw new HowdahError("site/invalid", `${named} leads out of the commit`, {
    hint: "Environments are built of the commit's own files only: put a directory in the place of the link, or name one in `spec.source`.",
  });
}

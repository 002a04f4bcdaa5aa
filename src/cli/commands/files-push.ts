import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { bring, clusterOf, type DataFlags, dataOptions } from "./migrate-data.ts";

/** `howdah files push`: a directory of this machine into a site's volume on a cluster, which may serve meanwhile. */
export function filesPush(files: Command, choose: Choose): void {
  const command = files
    .command("push")
    .argument("<site>", "name of a site on the cluster, its directory or its file")
    .argument("<local>", "directory of this machine; what is in it is copied")
    .argument("[path]", "where to, below a shared mount (default: the site's only one)")
    .summary("copy a directory into a site's volume on a cluster: only what changed, whole files")
    .description(
      "Copies what changed in a directory of this machine into a site's volume on a cluster. The site may serve meanwhile: a file appears when it is complete. May be killed and run again. Both sides are compared in the end. On this machine's own sites `howdah files put` does it.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  howdah files push blog ./uploads wp-content/uploads --context prod\n  howdah files push blog ./uploads --rate 5M --delete --context prod\n\nThe exit code is 65 when both sides differ in the end. Nothing is deleted at the target without --delete.",
    )
    .action((given: string, local: string, path: string | undefined, flags: DataFlags) => {
      const { name } = clusterOf(flags);
      choose(async (context) => {
        const { localSource } = await import("../../workflows/data-move/data-source.ts");
        const source = await localSource(local, context.directory, await context.ports());
        return bring({ given, path, source, write: "whole-files", final: false }, flags, name, context);
      });
    });
  dataOptions(command);
}

import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah build`: the images, without running anything. */
export function buildCommand(program: Command, choose: Choose): void {
  program
    .command("build")
    .argument("[site]", "directory or site file", ".")
    .summary("build a site's images without running them")
    .addHelpText("after", "\nExamples:\n  howdah build\n  howdah build ./blog --output json")
    .action((given: string) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { loadSite } = await import("../../workflows/load-site/load-site.ts");
          const { prepareImages } = await import("../../workflows/up/prepare-images.ts");
          const { site, source, lockFile } = await loadSite(given, context.directory, ports.files);
          const { requireRoot } = await import("../../workflows/up/check-machine.ts");
          await requireRoot(ports);
          const images = await prepareImages(site, source, lockFile, ports, engine);
          const made = [images.site.web, ...(images.site.php === null ? [] : [images.site.php])];
          context.terminal.out(
            context.flags.output === "json"
              ? `${JSON.stringify({ site: site.name, codeDigest: images.site.codeDigest, files: images.site.files, images: made }, null, 2)}\n`
              : made.map((image) => `${image.reference}  ${image.digest}  ${(image.sizeBytes / 1e6).toFixed(1)} MB\n`).join(""),
          );
          return 0;
        }),
      );
    });
}

import { type Command, Option } from "commander";
import { join, resolve } from "node:path";
import type { BilledImage } from "../../workflows/attest/bill-of-materials.ts";
import type { Choose } from "../program.ts";
import { withReporter } from "./with-reporter.ts";

const images: readonly BilledImage[] = ["php", "web", "php-base", "web-base", "database"];

/** `howdah sbom`: what an image is made of, in a form that other tools read. */
export function sbomCommand(program: Command, choose: Choose): void {
  program
    .command("sbom")
    .argument("[site]", "the site's name, its directory or its file", ".")
    .summary("print the bill of materials (SPDX) of a site's images")
    .description(
      "Prints what an image holds as SPDX 2.3 in JSON: Debian's packages with their licences, the site's code and the libraries of composer and npm. The same document is attached to the image by `howdah build --push`. Images that are not there yet are built.",
    )
    .addOption(new Option("--image <image>", "which image (default: php, web for a site without PHP)").choices(images))
    .option("--directory <directory>", "write the bill of every image into this directory, as IMAGE.spdx.json")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah sbom blog > blog.spdx.json\n  howdah sbom ./blog --image web-base\n  howdah sbom ./blog --directory sbom",
    )
    .action((given: string, flags: { readonly image?: BilledImage; readonly directory?: string }) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { billOfMaterials, billedImagesOf } = await import("../../workflows/attest/bill-of-materials.ts");
          const { prepareNamedSite } = await import("../../workflows/attest/prepare-named-site.ts");
          const prepared = await prepareNamedSite(given, context, ports, engine);
          const { directory } = flags;
          if (directory === undefined) {
            const bill = await billOfMaterials(flags.image ?? billedImagesOf(prepared)[0] ?? "web", prepared, ports, engine);
            context.terminal.out(`${JSON.stringify(bill, null, 2)}\n`);
            return 0;
          }
          const files: { image: string; file: string; packages: number }[] = [];
          for (const image of flags.image === undefined ? billedImagesOf(prepared) : [flags.image]) {
            const bill = await billOfMaterials(image, prepared, ports, engine);
            const file = join(resolve(context.directory, directory), `${image}.spdx.json`);
            await ports.files.write(file, `${JSON.stringify(bill, null, 2)}\n`);
            files.push({ image, file, packages: bill.packages.length });
          }
          context.terminal.out(
            context.flags.output === "json"
              ? `${JSON.stringify({ site: prepared.site.name, files }, null, 2)}\n`
              : files.map(({ file, packages }) => `${file}  ${String(packages)} packages\n`).join(""),
          );
          return 0;
        }),
      );
    });
}

import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah pin`: renews the lock. */
export function pinCommand(program: Command, choose: Choose): void {
  program
    .command("pin")
    .argument("[site]", "directory or site file", ".")
    .summary("renew howdah.lock: the newest packages for the base images, the digest of a base image of your own")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah pin && howdah up\n\nhowdah.lock pins every Debian package of the base images by version and sha256. Commit it: the same lock builds the same images.",
    )
    .action((given: string) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { loadSite } = await import("../../workflows/load-site/load-site.ts");
          const { ensureLock } = await import("../../workflows/up/prepare-images.ts");
          const { site, lockFile } = await loadSite(given, context.directory, ports.files);
          const lock = await ensureLock(site, lockFile, { renew: true, ...engine }, ports);
          const packages = new Set(
            lock.images.flatMap((image) => image.packages.map((one) => `${image.suite}/${one.name}=${one.version}`)),
          );
          context.terminal.out(
            context.flags.output === "json"
              ? `${JSON.stringify({ file: lockFile, images: lock.images.length, packages: packages.size }, null, 2)}\n`
              : `${lockFile}: ${String(packages.size)} packages of ${String(lock.images.length)} images pinned\n`,
          );
          return 0;
        }),
      );
    });
}

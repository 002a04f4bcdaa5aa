import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { printPlan } from "../report/print-plan.ts";
import { printUp } from "../report/print-up.ts";
import { withReporter } from "./with-reporter.ts";

interface UpFlags {
  readonly dryRun: boolean;
  readonly port?: string;
  readonly bind?: string;
  readonly tls: boolean;
  readonly adopt: boolean;
  readonly message?: string;
  readonly tenant?: string;
  readonly hostname?: readonly string[];
}

/** `howdah up`: the main job. */
export function upCommand(program: Command, choose: Choose): void {
  program
    .command("up")
    .argument("[site]", "directory with code, or a site file", ".")
    .summary("run a site: detect, build, install, serve; again, it applies what changed")
    .description(
      "Runs a site on this machine and answers its URL. A directory without a site file gets one first (as `howdah init --yes` writes it). Run it again after any change: only what changed is done, and what serves goes on serving until the new is ready.",
    )
    .option("-n, --dry-run", "print the plan with reasons; change nothing", false)
    .option("-p, --port <port>", "port of the edge for all sites (default: 8080, or HOWDAH_HTTP_PORT)")
    .option("--bind <address>", "address of the edge (default: 127.0.0.1; 0.0.0.0 for the world)")
    .option("--tls", "HTTPS with a certificate of this machine's own authority", false)
    .option("-m, --message <why>", "why, in a few words: kept with the release")
    .option("--tenant <name>", "put it into this tenant, with the tenant's profile; it is then called TENANT/SITE")
    .option("--hostname <name...>", "with --tenant: hostnames in the place of those of the site file")
    .option("--adopt", "the folder was moved: take over what belongs to the site's name", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah up ./wordpress\n  howdah up --dry-run\n  howdah up ./shop --port 80 --bind 0.0.0.0\n  howdah up ./shop --tenant acme --hostname shop.acme.example\n  howdah up --output json | jq -r .url\n\nCtrl-C leaves nothing half-done: the next `howdah up` goes on.",
    )
    .action((given: string, flags: UpFlags) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { runUp } = await import("../../workflows/up/run-up.ts");
          const { hostname: hostnames, ...rest } = flags;
          const outcome = await runUp(
            { given, directory: context.directory, verb: "up", ...rest, ...(hostnames === undefined ? {} : { hostnames }) },
            ports,
            engine,
          );
          return outcome.kind === "plan" ? printPlan(outcome, context) : printUp(outcome, context);
        }),
      );
    });
}

import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { printPlan } from "../report/print-plan.ts";
import { printUp } from "../report/print-up.ts";
import { watchPrinter } from "../report/print-watch.ts";
import { type ClusterFlags, clusterOptions, contextOf } from "./cluster-options.ts";
import { signingKey } from "./signing-key.ts";
import { withReporter } from "./with-reporter.ts";

interface DeployFlags extends ClusterFlags {
  readonly message?: string;
  readonly dryRun: boolean;
  readonly watch: boolean;
  readonly allowPublic: boolean;
  readonly to?: string;
  readonly signKey?: string;
}

/** `howdah deploy`: a new release of a site that runs. */
export function deployCommand(program: Command, choose: Choose): void {
  const command = program
    .command("deploy")
    .argument("[site]", "directory, site file or name of a site that runs here", ".")
    .summary("take what changed into service: a new release, without a lost request")
    .description(
      "Makes a release of the code and configuration as they are and takes it into service beside the one that serves. It is asked for a real page before anybody else reaches it. Whatever fails, the former release goes on, and the reason is in `howdah status`.",
    )
    .option("-m, --message <why>", "why, in a few words: kept with the release")
    .option("-n, --dry-run", "print the plan with reasons; change nothing", false)
    .option("-w, --watch", "for development: show files as they are saved, without releases, until Ctrl-C", false)
    .option("--allow-public", "with --watch: also when the way in is open to others than this machine", false)
    .option("--to <repository>", "with --context: where the images go (default: spec.image.repository)")
    .option("--sign-key <file>", "with --context: sign what is pushed with this key (default: HOWDAH_SIGN_KEY)")
    .addHelpText(
      "after",
      '\nExamples:\n  howdah deploy\n  howdah deploy ./shop -m "New price list"\n  howdah deploy blog --output json | jq .answeringMs\n  howdah deploy --watch       # a saved file is live at once; Ctrl-C goes back to the release\n  howdah rollback            # when it was a mistake\n  howdah deploy --context prod --to registry.example.org/team/blog   # the same file, on a cluster\n\nOn a cluster the operator takes the release into service: Ctrl-C then only stops looking. Ctrl-C before the switch leaves the former release as it was.',
    )
    .action((given: string, flags: DeployFlags) => {
      const cluster = contextOf(flags);
      if (cluster !== undefined) return choose((context) => deployThere(given, flags, cluster.name, context));
      if (flags.to !== undefined || flags.signKey !== undefined)
        throw new HowdahError("usage/invalid", "--to and --sign-key are for --context; `howdah build --push` pushes alone");
      if (flags.watch) return choose((context) => watch(given, flags, context));
      if (flags.allowPublic) throw new HowdahError("usage/invalid", "--allow-public is for --watch");
      return choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { runUp } = await import("../../workflows/up/run-up.ts");
          const { message, dryRun } = flags;
          const why = message === undefined ? {} : { message };
          const command = { given, directory: context.directory, verb: "deploy", tls: false, adopt: false, dryRun, ...why } as const;
          const outcome = await runUp(command, ports, engine);
          return outcome.kind === "plan" ? printPlan(outcome, context) : printUp(outcome, context);
        }),
      );
    });
  clusterOptions(command);
}

function deployThere(given: string, flags: DeployFlags, name: string | undefined, context: CliContext): Promise<number> {
  if (flags.watch || flags.dryRun || flags.allowPublic)
    throw new HowdahError("usage/invalid", "--watch, --allow-public and --dry-run are for this machine, not for --context", {
      hint: "`howdah manifests` prints what a cluster would get.",
    });
  return withReporter(context, async (ports, engine) => {
    const { deployToCluster } = await import("../../workflows/cluster/deploy-to-cluster.ts");
    const { printDeployed } = await import("../report/print-cluster.ts");
    const key = await signingKey(flags.signKey, context, ports);
    const { namespace, to, message } = flags;
    const where = { given, directory: context.directory, context: name, namespace, to };
    return printDeployed(await deployToCluster({ ...where, why: message ?? null, key, version: context.version }, ports, engine), context);
  });
}

function watch(given: string, { message, dryRun, allowPublic }: DeployFlags, context: CliContext): Promise<number> {
  if (message !== undefined || dryRun)
    throw new HowdahError(
      "usage/invalid",
      `--watch makes no release: ${dryRun ? "--dry-run" : "--message"} is for \`howdah deploy\` without it`,
    );
  return withReporter(context, async (ports, engine) => {
    const { watchSite } = await import("../../workflows/watch/watch-site.ts");
    const report = watchPrinter(context, () => ports.clock.now());
    await watchSite({ given, directory: context.directory, allowPublic }, ports, engine, report);
    return 0;
  });
}

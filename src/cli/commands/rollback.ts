import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { printRollback, printRollbackPlan, rollbackWarning, type WayBack } from "../report/print-rollback.ts";
import { type ClusterFlags, clusterOptions, contextOf, placeOf } from "./cluster-options.ts";
import { withReporter } from "./with-reporter.ts";

interface RollbackFlags extends ClusterFlags {
  readonly site?: string;
  readonly message?: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** `howdah rollback`: a former release serves again, without a build. */
export function rollbackCommand(program: Command, choose: Choose): void {
  const command = program
    .command("rollback")
    .argument("[release]", "which release (`r12`); default: the one that served before")
    .summary("take a former release into service again, in seconds and without a build")
    .description(
      "Takes the images and the configuration of a former release into service again, beside the one that serves, as a deploy does. Data is not rolled back: when a migration lies between the two it says so and asks.",
    )
    .option("-s, --site <site>", "name of a site that runs here, its directory or its file (default: the current directory)")
    .option("-m, --message <why>", "why, in a few words: kept with the release")
    .option("-n, --dry-run", "print the plan with reasons; change nothing", false)
    .option("-y, --yes", "don't ask, though a migration lies between", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah rollback\n  howdah rollback r12 --site shop\n  howdah rollback --dry-run\n  howdah rollback --context prod --site blog",
    )
    .action((id: string | undefined, flags: RollbackFlags) => {
      const cluster = contextOf(flags);
      choose((context) => (cluster === undefined ? rollback(id, flags, context) : rollBackThere(id, flags, cluster, context)));
    });
  clusterOptions(command);
}

async function rollBackThere(
  id: string | undefined,
  flags: RollbackFlags,
  cluster: { readonly name: string | undefined },
  context: CliContext,
): Promise<number> {
  const { planClusterRollback, rollBackOnCluster } = await import("../../workflows/cluster/roll-back-on-cluster.ts");
  const { printRolledBack, printClusterRollbackPlan } = await import("../report/print-cluster.ts");
  const ports = await context.ports();
  const plan = await planClusterRollback(await placeOf(flags, cluster, flags.site, ports, context), id, context.signal);
  if (flags.dryRun) return printClusterRollbackPlan(plan, context);
  await agree({ from: plan.from, to: plan.to, migrations: plan.migrations }, flags.yes, context);
  const done = await withReporter(context, (_ports, engine) => rollBackOnCluster(plan, flags.message ?? null, ports, engine));
  return printRolledBack(done, context);
}

async function rollback(id: string | undefined, flags: RollbackFlags, context: CliContext): Promise<number> {
  const { findRecord } = await import("../../workflows/find-record.ts");
  const { planRollback, rollBack } = await import("../../workflows/release/roll-back.ts");
  const { requireRoot } = await import("../../workflows/up/check-machine.ts");
  const ports = await context.ports();
  await requireRoot(ports);
  const record = await findRecord(flags.site, context.directory, ports);
  const plan = await planRollback(record, id, ports);
  if (flags.dryRun) return printRollbackPlan(plan, context);
  await agree(plan, flags.yes, context);
  const done = await withReporter(context, (_ports, engine) => rollBack(plan, flags.message ?? null, ports, engine));
  return printRollback(done, context);
}

/** Code goes back, data does not: a person must know when that matters. */
async function agree(plan: WayBack, yes: boolean, context: CliContext): Promise<void> {
  if (plan.migrations.length === 0) return;
  const warning = rollbackWarning(plan);
  if (yes || context.terminal.output === "text") context.terminal.err(`${warning}\n`);
  if (yes) return;
  if (!context.terminal.interactive)
    throw new HowdahError("usage/invalid", warning, { hint: "Add --yes when the former code gets along with the data as it is now." });
  const { confirmOnTerminal } = await import("../ask.ts");
  if (!(await confirmOnTerminal(`Go back to ${plan.to.id} all the same?`))) throw new HowdahError("cancelled", "Nothing was changed");
}

import type { Command } from "commander";
import type { LedgerEntry } from "../../workflows/rollout/ledger.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { table } from "../report/table.ts";
import { type ClusterFlags, clusterOptions, contextOf, placeOf } from "./cluster-options.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah migrate`: what the ledger says of a site's migrations, and a person's decision about one that was cut off. */
export function migrateCommand(program: Command, choose: Choose): void {
  const command = program
    .command("migrate")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("list migrations; decide about one that was cut off")
    .description(
      "Lists what the site's ledger knows of its installation and migrations. One that was cut off in the middle waits for your decision: Howdah never runs it a second time by itself, unless the site file says `repeatable: true`.",
    )
    .option("--retry", "it may run again from its beginning: the next `howdah up` does", false)
    .option("--mark-done", "it is done, or was finished by hand: it does not run again", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah migrate shop\n  howdah migrate shop --retry && howdah up ./shop\n  howdah migrate shop --mark-done\n  howdah migrate shop --retry --context prod",
    )
    .action((given: string | undefined, flags: MigrateFlags) => {
      if (flags.retry && flags.markDone) throw new HowdahError("usage/invalid", "--retry and --mark-done exclude one another");
      const cluster = contextOf(flags);
      choose((context) =>
        cluster === undefined ? migrationsHere(given, flags, context) : migrationsThere(given, flags, cluster, context),
      );
    });
  clusterOptions(command);
}

interface MigrateFlags extends ClusterFlags {
  readonly retry: boolean;
  readonly markDone: boolean;
}

function migrationsHere(given: string | undefined, flags: MigrateFlags, context: CliContext): Promise<number> {
  return withReporter(context, async (ports, engine) => {
    const { findRecord } = await import("../../workflows/find-record.ts");
    const { decideMigration, readLedger } = await import("../../workflows/rollout/ledger.ts");
    const record = await findRecord(given, context.directory, ports);
    const decision = decisionOf(flags);
    if (decision === undefined) return printLedger(await readLedger(record, ports, engine), context);
    const decided = await decideMigration(record, decision, ports, engine);
    return printDecided({ site: record.site.name, decided, decision, next: `Next: howdah up ${record.file}` }, context);
  });
}

function migrationsThere(
  given: string | undefined,
  flags: MigrateFlags,
  cluster: { readonly name: string | undefined },
  context: CliContext,
): Promise<number> {
  return withReporter(context, async (ports, engine) => {
    const { decideOnCluster, ledgerOnCluster } = await import("../../workflows/cluster/migrations-on-cluster.ts");
    const place = await placeOf(flags, cluster, given, ports, context);
    const decision = decisionOf(flags);
    if (decision === undefined) return printLedger(await ledgerOnCluster(place, ports, engine), context);
    const decided = await decideOnCluster(place, decision, ports, engine);
    const next = `The operator takes the release up again: howdah status --context ${place.cluster.context}`;
    return printDecided({ site: place.namespace, decided, decision, next }, context);
  });
}

function decisionOf({ retry, markDone }: MigrateFlags): "retry" | "done" | undefined {
  return retry ? "retry" : markDone ? "done" : undefined;
}

function printLedger(rows: readonly LedgerEntry[], { flags, terminal }: CliContext): number {
  const cells = rows.map(({ step, state, attempts, at }) => [step, state, String(attempts), at]);
  const text = table([["STEP", "STATE", "ATTEMPTS", "UTC"], ...cells]);
  terminal.out(flags.output === "json" ? `${JSON.stringify(rows, null, 2)}\n` : text);
  return 0;
}

function printDecided(
  {
    site,
    decided,
    decision,
    next,
  }: { readonly site: string; readonly decided: readonly string[]; readonly decision: "retry" | "done"; readonly next: string },
  { flags, terminal }: CliContext,
): number {
  const words = decision === "retry" ? "may run again" : "counts as done";
  terminal.out(
    flags.output === "json" ? `${JSON.stringify({ site, decided, as: decision })}\n` : `${decided.join(", ")} ${words}. ${next}\n`,
  );
  return 0;
}

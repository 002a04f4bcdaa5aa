import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { type ClusterFlags, clusterOptions, contextOf } from "./cluster-options.ts";
import { destroyThere, purgeThere } from "./destroy-there.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah destroy`: names what it deletes, keeps data for the retention period. */
export function destroyCommand(program: Command, choose: Choose): void {
  const command = program
    .command("destroy")
    .argument("<site>", "name of the site")
    .summary("take a site away; its data is kept for a while, then deleted")
    .description(
      "Takes a site away and names what it deletes. Volumes, database and secrets are kept for the retention period (7 days, HOWDAH_RETENTION_DAYS): `howdah up` of the same site before then has them back. `--purge` deletes the kept data of a site that was destroyed before; its backups stay in their store, unless `--backups` is said as well.\n\nOn a cluster data stays in the site's namespace until somebody says `--purge`, and `howdah deploy` has it back. When the namespace itself is deleted its volumes go with it, and its database is kept for 7 days: an environment of that namespace's name in the same tenant has it back, `--purge` drops it at once. What is deleted there asks for the rights of the cluster's administrator.",
    )
    .option("-y, --yes", "don't ask", false)
    .option("--purge", "delete the data that is kept, for good; backups stay", false)
    .option("--backups", "with --purge: delete the site's backups, too", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah destroy blog\n  howdah destroy blog --yes && howdah destroy blog --purge --yes\n  howdah destroy blog --purge --backups\n  howdah destroy blog --context prod\n  howdah destroy blog --context prod --purge",
    )
    .action((name: string, flags: ClusterFlags & DestroyFlags) => {
      const cluster = contextOf(flags);
      const there = flags.purge ? purgeThere : destroyThere;
      choose((context) => {
        if (flags.backups && (!flags.purge || cluster !== undefined))
          throw new HowdahError("usage/invalid", "--backups goes with --purge, on the machine that made them");
        if (cluster !== undefined) return there(name, flags, cluster, context);
        return flags.purge ? purge(name, flags, context) : destroy(name, flags.yes, context);
      });
    });
  clusterOptions(command);
}

interface DestroyFlags {
  readonly yes: boolean;
  readonly purge: boolean;
  readonly backups: boolean;
}

async function destroy(name: string, yes: boolean, context: CliContext): Promise<number> {
  const { findRecord } = await import("../../workflows/find-record.ts");
  const { destroySite, planDestroy } = await import("../../workflows/lifecycle/destroy-site.ts");
  const ports = await context.ports();
  const record = await findRecord(name, context.directory, ports);
  const plan = await planDestroy(record, ports);
  const day = plan.keptUntil.slice(0, 10);
  context.terminal.err(
    `Deletes:\n${(plan.deletes.length === 0 ? ["nothing that runs"] : plan.deletes).map((line) => `  ${line}\n`).join("")}Keeps until ${day}:\n${plan.keeps.map((line) => `  ${line}\n`).join("")}`,
  );
  const tenant = record.site.tenant === undefined ? "" : ` --tenant ${record.site.tenant.name}`;
  await confirm(`Destroy ${record.namespace}?`, yes, context);
  await withReporter(context, (_ports, engine) => destroySite(record, ports, engine));
  context.terminal.out(
    context.flags.output === "json"
      ? `${JSON.stringify({ name: record.namespace, ...plan })}\n`
      : `${record.namespace} is gone. Its data is kept until ${day}: \`howdah up ${record.file}${tenant}\` has it back.\n`,
  );
  return 0;
}

async function purge(given: string, flags: Pick<DestroyFlags, "yes" | "backups">, context: CliContext): Promise<number> {
  const { purgeData } = await import("../../workflows/lifecycle/purge-data.ts");
  const ports = await context.ports();
  const name = given.replace("/", "--"); // a tenant's
  const retained = await ports.retained.get(name);
  if (retained === undefined)
    throw new HowdahError("site/unknown", `No data of a destroyed site ${JSON.stringify(name)} is kept here`, {
      hint: "`howdah status` lists what is kept; a site that runs must be destroyed first.",
    });
  context.terminal.err(
    `Deletes for good:\n${retained.volumes.map((volume) => `  volume ${volume}\n`).join("")}${retained.record.database === null ? "" : `  database ${retained.record.database.name}\n`}  secrets and dumps from before imports\n`,
  );
  const { backupsOfPurged, deleteBackupsOfPurged, keptBackupsWords } = await import("../../workflows/backup/backups-of-purged.ts");
  const backups = await backupsOfPurged(name, ports);
  const words = keptBackupsWords(backups, name);
  if (words !== "") context.terminal.err(flags.backups ? `  ${words}\n` : `Keeps:\n  ${words}; --backups deletes them, too\n`);
  await confirm(`Delete the data of ${name} for good?`, flags.yes, context);
  if (flags.backups) await deleteBackupsOfPurged(backups, ports, context.signal);
  const gone = await purgeData(name, ports, { emit: () => undefined, signal: context.signal });
  if (!gone)
    throw new HowdahError("machine/busy", `${name} runs again, so its data was not touched`, { hint: `\`howdah destroy ${name}\` first.` });
  context.terminal.out(
    context.flags.output === "json"
      ? `${JSON.stringify({ name, purged: true, keptBackups: flags.backups ? [] : backups.map(({ id }) => id) })}\n`
      : `The data of ${name} is deleted.\n${words === "" || flags.backups ? "" : `Kept: ${words}.\n`}`,
  );
  return 0;
}

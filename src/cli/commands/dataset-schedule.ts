import type { Command } from "commander";
import type { DatasetSchedule } from "../../workflows/dataset/dataset-ports.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { table } from "../report/table.ts";
import { type ClusterFlags, clusterOptions, contextOf } from "./cluster-options.ts";
import type { DatasetMeant } from "./dataset-there.ts";
import { SITE_DESCRIPTION } from "./site-argument.ts";

interface Flags extends ClusterFlags {
  readonly at?: string;
  readonly off: boolean;
}

/** `howdah dataset schedule`: the agent breeds. */
export function datasetSchedule(dataset: Command, choose: Choose): void {
  const command = dataset
    .command("schedule")
    .argument("[site]", `${SITE_DESCRIPTION} (default: list the schedules)`)
    .summary("have the agent, or a cluster's operator, breed a new dataset again and again")
    .option("--at <schedule>", "as crons are written; H is a minute of the site's own; in the place of the site file's")
    .option("--off", "breed none by itself, whatever the site file says", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah dataset schedule\n  howdah dataset schedule shop --at 'H 3 * * *'\n  howdah dataset schedule shop --off\n  howdah dataset schedule shop --context prod --at 'H 3 * * *'\n\n`spec.dataset.schedule` of the site file says the same, for good.",
    )
    .action((given: string | undefined, flags: Flags) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (chosen !== undefined) return await there({ given, flags, chosen }, flags, context);
        const { withDatasets } = await import("../../workflows/dataset/dataset-ports.ts");
        const { datasetSchedule: scheduleOf, setDatasetSchedule } = await import("../../workflows/dataset/schedule-dataset.ts");
        const ports = withDatasets(await context.ports());
        if (given === undefined) {
          const found = await Promise.all((await ports.records.list()).map(({ site, namespace }) => scheduleOf(site, namespace, ports)));
          const all = found.filter((one) => one !== undefined);
          return answer(context, all, listWords(all));
        }
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { namespace, site } = await findRecord(given, context.directory, ports);
        const asked = flags.off ? null : flags.at;
        const set = asked === undefined ? await scheduleOf(site, namespace, ports) : await setDatasetSchedule(namespace, asked, ports);
        if (set !== undefined && set.schedule !== null && !(await ports.agent.status()).running)
          context.terminal.err("! the agent does not run: nothing is bred by itself. `howdah agent` starts it.\n");
        return answer(context, set ?? null, setWords(namespace, set));
      });
    });
  clusterOptions(command);
}

async function there(meant: DatasetMeant, { at, off }: Flags, context: CliContext): Promise<number> {
  const { schedulesThere } = await import("./dataset-there.ts");
  const change = off ? "off" : at === undefined ? undefined : { schedule: at };
  const found = await schedulesThere(meant, change, context);
  if ("all" in found) return answer(context, found.all, listWords(found.all));
  return answer(context, found.set ?? null, setWords(found.namespace, found.set));
}

function listWords(all: readonly DatasetSchedule[]): string {
  const rows = all.map((one) => [one.site, one.schedule ?? "off", nextWords(one.mark?.next), lastWords(one.last)]);
  return rows.length === 0 ? "No schedules.\n" : table([["SITE", "WHEN", "NEXT", "LAST"], ...rows]);
}

function setWords(namespace: string, set: DatasetSchedule | undefined): string {
  if (set === undefined || set.schedule === null) return `${namespace} has no schedule for its dataset.\n`;
  return `A dataset of ${namespace} is bred at ${set.schedule}; next ${nextWords(set.mark?.next)}. Last: ${lastWords(set.last)}.\n`;
}

function nextWords(next: number | null | undefined): string {
  return next === undefined || next === null ? "never" : new Date(next).toISOString();
}

function lastWords(last: { readonly generation: string | null; readonly at: string; readonly failure: string | null } | null): string {
  if (last === null) return "not yet";
  return last.failure === null
    ? `${last.generation ?? ""} at ${last.at.slice(0, 19)}`
    : `failed at ${last.at.slice(0, 19)}: ${last.failure}`;
}

function answer(context: CliContext, found: unknown, words: string): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : words);
  return 0;
}

import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { cronTable } from "../report/cron-table.ts";
import { terminalText } from "../report/terminal-text.ts";
import { type ClusterFlags, clusterOptions, siteWhereItRuns } from "./cluster-options.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";

/** `howdah cron`: what is scheduled, and a run by hand. */
export function cronCommand(program: Command, choose: Choose): void {
  const cron = program.command("cron").summary("a site's crons: when they run, how they ended, run one now");
  listCommand(cron, choose);
  runCommand(cron, choose);
}

function listCommand(cron: Command, choose: Choose): void {
  const command = cron
    .command("ls")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("schedule, next run, last run and how it ended")
    .addHelpText("after", "\nExamples:\n  howdah cron ls blog\n  howdah cron ls blog --output json\n  howdah cron ls blog --context prod")
    .action((given: string | undefined, flags: ClusterFlags) => {
      choose(async (context) => {
        const { cronStatus } = await import("../../workflows/crons/cron-status.ts");
        const { record, ports } = await siteWhereItRuns(given, flags, context);
        const { down = false } = await ports.engine.inventory(record.namespace);
        const crons = await cronStatus(record, down, ports);
        if (context.terminal.output === "json") context.terminal.out(`${JSON.stringify(crons, null, 2)}\n`);
        else context.terminal.out(crons.length === 0 ? `${record.namespace} has no crons.\n` : cronTable(crons));
        if (crons.length > 0 && !(await ports.agent.status()).running)
          context.terminal.err("! the agent does not run: no cron starts. `howdah agent` starts it.\n");
        return 0;
      });
    });
  clusterOptions(command);
}

function runCommand(cron: Command, choose: Choose): void {
  const command = cron
    .command("run")
    .argument("<site>", "name, directory or file of a site")
    .argument("<name>", "the cron's name in the site file")
    .summary("run a cron now and follow its output")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah cron run blog wordpress\n  howdah cron run blog wordpress --context prod\n\nIt runs as the agent would start it: in the running PHP container (on a cluster in a pod of its own), with its timeout, and not while it runs already. Its output is in `howdah logs` too. Ctrl-C ends it. Exit code: the program's own.",
    )
    .action((given: string, name: string, flags: ClusterFlags) => {
      choose(async (context) => {
        const { runCron } = await import("../../workflows/crons/run-cron.ts");
        const { record, ports } = await siteWhereItRuns(given, flags, context);
        const onLine = (line: { readonly stream: "stdout" | "stderr"; readonly text: string }): void => {
          if (context.terminal.output === "json") context.terminal.out(`${JSON.stringify(line)}\n`);
          else context.terminal[line.stream === "stdout" ? "out" : "err"](`${terminalText(line.text)}\n`);
        };
        return runCron({ record, name, onLine }, ports, { emit: () => undefined, signal: context.signal });
      });
    });
  clusterOptions(command);
}

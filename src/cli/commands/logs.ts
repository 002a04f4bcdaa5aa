import { type Command, Option } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Choose } from "../program.ts";
import { styleFor } from "../report/style.ts";
import { terminalText } from "../report/terminal-text.ts";
import { type ClusterFlags, clusterOptions, siteWhereItRuns } from "./cluster-options.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";

interface LogFlags extends ClusterFlags {
  readonly follow: boolean;
  readonly tail: string;
  readonly component?: "web" | "php" | "database" | "worker" | "cron";
}

/** `howdah logs`: what the site's containers write. */
export function logsCommand(program: Command, choose: Choose): void {
  const command = program
    .command("logs")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("a site's log: nginx, PHP, workers, crons, its database server")
    .option("-f, --follow", "go on as lines come", false)
    .option("--tail <lines>", "how many lines to begin with", "100")
    .addOption(new Option("-c, --component <component>", "only one component").choices(["web", "php", "database", "worker", "cron"]))
    .addHelpText(
      "after",
      "\nExamples:\n  howdah logs blog\n  howdah logs -f blog --component php\n  howdah logs blog --component database --tail 20\n  howdah logs blog -f --context prod",
    )
    .action((given: string | undefined, flags: LogFlags) => {
      choose(async (context) => {
        const { record, ports } = await siteWhereItRuns(given, flags, context);
        const tail = Number(flags.tail);
        if (!Number.isInteger(tail) || tail < 0)
          throw new HowdahError("usage/invalid", `--tail takes a number of lines, not ${flags.tail}`);
        if (flags.component === "database" && record.database === null)
          throw new HowdahError("usage/invalid", `${record.namespace} has no database`);
        const { workloadOfServer } = await import("../../workflows/up/database-server.ts");
        const database = flags.component === "database" && record.database !== null ? workloadOfServer(record.database.server) : undefined;
        const style = styleFor(context.terminal.color);
        const lines = ports.engine.logs(
          database === undefined ? record.namespace : database.namespace,
          {
            follow: flags.follow,
            tail,
            ...(database === undefined ? {} : { workload: database.workload }),
            ...(flags.component === undefined || database !== undefined ? {} : { container: flags.component }),
          },
          { emit: () => undefined, signal: context.signal },
        );
        for await (const line of lines) {
          context.terminal.out(
            context.flags.output === "json"
              ? `${JSON.stringify(line)}\n`
              : `${style.dim(`${line.time.slice(11, 19)} ${line.container.padEnd(7)}`)} ${terminalText(line.text)}\n`,
          );
        }
        return 0;
      });
    });
  clusterOptions(command);
}

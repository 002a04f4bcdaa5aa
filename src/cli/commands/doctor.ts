import type { Command } from "commander";
import { foreignPortHolder } from "../../workflows/up/port-holder.ts";
import { checkAgent } from "../../workflows/doctor/check-agent.ts";
import { checkDatabaseServers } from "../../workflows/doctor/check-database-servers.ts";
import { checkBackups } from "../../workflows/doctor/check-backups.ts";
import { checkDatasetStorage } from "../../workflows/doctor/check-dataset-storage.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { styleFor } from "../report/style.ts";
import { terminalText } from "../report/terminal-text.ts";

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** The command that mends it. */
  readonly fix?: string;
}

/** `howdah doctor`: what the machine lacks, and the command that mends it. */
export function doctorCommand(program: Command, choose: Choose): void {
  program
    .command("doctor")
    .summary("what this machine, or a cluster, lacks, and the command that mends it")
    .option("--context <name>", "look at a cluster: the kubeconfig's context (`.` is the current one)")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah doctor\n  howdah doctor --output json\n  howdah doctor --context lab    # of a cluster: is Howdah there, and does it work?\n\nExit code: 0 when nothing is missing, 69 otherwise.",
    )
    .action(({ context: cluster }: { readonly context?: string }) => {
      choose(async (context) => {
        const ports = await context.ports();
        if (cluster !== undefined) {
          const { checkCluster } = await import("../../workflows/cluster/check-cluster.ts");
          return printChecks(await checkCluster(cluster === "." ? undefined : cluster, ports, context.signal), context);
        }
        const { httpPort } = ports.settings;
        const checks = [...(await ports.machine.check())];
        checks.push(await checkAgent(ports));
        const backups = await checkBackups(ports);
        if (backups !== undefined) checks.push(backups);
        checks.push(...(await checkDatabaseServers(ports)));
        const datasets = await checkDatasetStorage(ports);
        if (datasets !== undefined) checks.push(datasets);
        const holder = await foreignPortHolder(ports);
        const name = `port ${String(httpPort)}`;
        checks.push(
          holder === undefined
            ? { name, ok: true, detail: "free, or used by Howdah's own edge" }
            : { name, ok: false, detail: `used by ${holder}`, fix: "Stop it, or choose another port: howdah up --port 8081" },
        );
        return printChecks(checks, context);
      });
    });
}

function printChecks(checks: readonly Check[], context: CliContext): number {
  const bad = checks.filter((check) => !check.ok);
  const style = styleFor(context.terminal.color);
  context.terminal.out(
    context.flags.output === "json"
      ? `${JSON.stringify({ ok: bad.length === 0, checks }, null, 2)}\n`
      : checks
          .map(
            (check) =>
              `${check.ok ? style.green("ok  ") : style.red("miss")} ${check.name.padEnd(16)} ${terminalText(check.detail)}\n${check.fix === undefined ? "" : `     ${style.bold("mend:")} ${terminalText(check.fix)}\n`}`,
          )
          .join(""),
  );
  return bad.length === 0 ? 0 : 69;
}

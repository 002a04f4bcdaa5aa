import { Argument, type Command } from "commander";
import type { BackupOrders } from "../../workflows/backup/job/orders.ts";
import type { BackupStep } from "../../workflows/backup/job/run-step.ts";
import type { Choose } from "../program.ts";

/** `howdah backup-step`: what containers of a backup's Job run. Nobody else calls it. */
export function backupStepCommand(program: Command, choose: Choose): void {
  program
    .command("backup-step", { hidden: true })
    .addArgument(new Argument("<step>", "which").choices(["save", "fetch", "judge", "put", "forget"]))
    .argument("<orders>", "what to do, as JSON")
    .action((step: BackupStep, orders: string) => {
      choose(async (context) => {
        const { BACKUP_PATHS } = await import("../../render/backup/backup-paths.ts");
        const { withBackups } = await import("../../workflows/backup/backup-ports.ts");
        const { runStep } = await import("../../workflows/backup/job/run-step.ts");
        const ports = withBackups(await context.ports());
        return await runStep(step, JSON.parse(orders) as BackupOrders, { ports, signal: context.signal, paths: BACKUP_PATHS });
      });
    });
}

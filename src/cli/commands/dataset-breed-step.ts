import type { Command } from "commander";
import type { BreedOrders } from "../../render/dataset/breed-job.ts";
import type { Choose } from "../program.ts";

/** `howdah dataset-breed-step`: what the Job of a breed runs. Nobody else calls it. */
export function datasetBreedStepCommand(program: Command, choose: Choose): void {
  program
    .command("dataset-breed-step", { hidden: true })
    .argument("<orders>", "what to do, as JSON")
    .action((orders: string) => {
      choose(async (context) => {
        const ports = await context.ports();
        return await ports.operator.breed(JSON.parse(orders) as BreedOrders, context.signal, (line) => {
          context.terminal.out(`${line}\n`);
        });
      });
    });
}

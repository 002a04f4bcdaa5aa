import type { Command } from "commander";
import type { Choose } from "../program.ts";

/** `howdah explain`: the documentation of any field, in the terminal. */
export function explainCommand(program: Command, choose: Choose): void {
  program
    .command("explain")
    .argument("[path]", "a field, such as spec.runtime.extensions")
    .summary("document any field of the site file")
    .addHelpText("after", "\nExamples:\n  howdah explain\n  howdah explain spec.mounts\n  howdah explain runtime.php")
    .action((path: string | undefined) => {
      choose(async (context) => {
        const { explain } = await import("../../site/explain.ts");
        context.terminal.out(explain(path));
        return 0;
      });
    });
}

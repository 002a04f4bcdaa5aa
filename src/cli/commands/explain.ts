import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
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
        const answer = explain(path);
        if (!answer.found) throw new HowdahError("usage/invalid", answer.message, { hint: answer.hint });
        context.terminal.out(
          context.flags.output === "json" ? `${JSON.stringify({ path: path ?? "", text: answer.text })}\n` : `${answer.text.trimEnd()}\n`,
        );
        return 0;
      });
    });
}

import { Argument, type Command } from "commander";
import { completionScript, type Shell } from "../completion-script.ts";
import type { Choose } from "../program.ts";

/** `howdah completion`: the script that makes a shell complete commands, flags and the names of sites. */
export function completionCommand(program: Command, choose: Choose): void {
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .summary("print a completion script for bash, zsh or fish")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah completion bash > /etc/bash_completion.d/howdah\n  howdah completion zsh > ~/.zfunc/_howdah\n  howdah completion fish > ~/.config/fish/completions/howdah.fish",
    )
    .action((shell: Shell) => {
      choose(async (context) => {
        context.terminal.out(completionScript(shell, program));
        return 0;
      });
    });
  program.command("complete-sites", { hidden: true }).action(() => {
    choose(async (context) => {
      // Completion must never print an error into a person's line.
      const records = await context
        .ports()
        .then(
          (ports) => ports.records.list(),
          () => [],
        )
        .catch(() => []);
      context.terminal.out(records.map((record) => `${record.namespace}\n`).join(""));
      return 0;
    });
  });
}

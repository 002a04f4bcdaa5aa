import type { Command } from "commander";
import type { Choose } from "../program.ts";

/** `howdah agent`: keeps sites alive; `up` starts it by itself. */
export function agentCommand(program: Command, choose: Choose): void {
  program
    .command("agent")
    .summary("keep sites alive (started by `up`; a systemd service where there is one)")
    .option("--stop", "stop the agent; sites go on serving", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah agent            in the foreground, with a log line for what it mends\n  howdah agent --stop\n\nWithout systemd, start it at boot from your own init: it brings every site back.",
    )
    .action((flags: { readonly stop: boolean }) => {
      choose(async (context) => {
        const ports = await context.ports();
        if (flags.stop) {
          await ports.agent.stop();
          context.terminal.err("The agent is stopped. Sites go on serving, but nothing restarts them.\n");
          return 0;
        }
        return ports.agent.run(context.signal, (line) => {
          context.terminal.err(`${line}\n`);
        });
      });
    });
}

import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { type ClusterFlags, clusterOptions, siteWhereItRuns } from "./cluster-options.ts";
import type { Choose } from "../program.ts";

/** `howdah exec`: a program in the running PHP container. */
export function execCommand(program: Command, choose: Choose): void {
  const command = program
    .command("exec")
    .argument("<site>", "name, directory or file of a site")
    .argument("<command...>", "the program and its arguments, after --")
    .summary("run a program in the running PHP container")
    .option("-T, --no-tty", "don't pass the terminal through")
    .passThroughOptions()
    .addHelpText(
      "after",
      "\nExamples:\n  howdah exec blog -- php -m\n  howdah exec blog -- php -r 'echo PHP_VERSION;'\n  howdah exec --context prod blog -- php -m\n\nExit code: the program's own.",
    )
    .action((given: string, words: string[], flags: ClusterFlags & { readonly tty: boolean }) => {
      const argv = words[0] === "--" ? words.slice(1) : words;
      choose(async (context) => {
        const { wakeSite } = await import("../../workflows/idle/wake-site.ts");
        const { phpTarget } = await import("../../workflows/php-target.ts");
        if (argv.length === 0) throw new HowdahError("usage/invalid", "exec needs a program to run");
        const { record, ports } = await siteWhereItRuns(given, flags, context);
        const engine = { emit: () => undefined, signal: context.signal };
        await wakeSite(record, ports, engine);
        return ports.engine.exec(
          phpTarget(record.site, record.namespace),
          { argv, stdin: "inherit", stdout: "inherit", stderr: "inherit", tty: flags.tty && context.terminal.interactive },
          engine,
        );
      });
    });
  clusterOptions(command);
}

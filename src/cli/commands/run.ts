import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Choose } from "../program.ts";

/** `howdah run`: a one-off in a container of its own, with the site's code, environment and volumes. */
export function runCommand(program: Command, choose: Choose): void {
  program
    .command("run")
    .argument("<site>", "name, directory or file of a site that runs here")
    .argument("<command...>", "the program and its arguments, after --")
    .summary("run a one-off in a new container like the site's PHP")
    .option("-T, --no-tty", "don't pass the terminal through")
    .passThroughOptions()
    .addHelpText(
      "after",
      "\nExamples:\n  howdah run wiki -- php maintenance/runJobs.php\n  howdah run blog -- php wp-cron.php\n  howdah run shop -- php artisan migrate:status\n\nIt has the site's environment, database and volumes, waits for the database, and is removed after. Exit code: the program's own.",
    )
    .action((given: string, words: string[], flags: { readonly tty: boolean }) => {
      const argv = words[0] === "--" ? words.slice(1) : words;
      choose(async (context) => {
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { phpTarget } = await import("../../workflows/php-target.ts");
        if (argv.length === 0) throw new HowdahError("usage/invalid", "run needs a program to run");
        const ports = await context.ports();
        const record = await findRecord(given, context.directory, ports);
        return ports.engine.runOnce(
          phpTarget(record.site, record.namespace),
          {
            argv: ["/usr/bin/php", "/usr/lib/howdah/entrypoint.php", "run", "--", ...argv],
            stdin: "inherit",
            stdout: "inherit",
            stderr: "inherit",
            env: { HOWDAH_PLAIN: "1" },
            tty: flags.tty && context.terminal.interactive,
          },
          { emit: () => undefined, signal: context.signal },
        );
      });
    });
}

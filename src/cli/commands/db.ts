import { resolve } from "node:path";
import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { dbServerCommand } from "./db-server.ts";
import { dbRestore } from "./db-restore.ts";
import { dbMoveCommands } from "./db-move.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah db`: the site's own database, as its own user. */
export function dbCommand(program: Command, choose: Choose): void {
  const db = program
    .command("db")
    .summary("the site's database: shell, dump, import; database servers")
    .description("The site's own database, as the site's own user.");
  shell(db, choose);
  dump(db, choose);
  load(db, choose);
  dbMoveCommands(db, choose);
  dbRestore(db, choose);
  dbServerCommand(db, choose);
}

function shell(db: Command, choose: Choose): void {
  db.command("shell")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("the MariaDB client, as the site's user")
    .addHelpText("after", "\nExamples:\n  howdah db shell blog\n  echo 'SHOW TABLES' | howdah db shell blog")
    .action((given: string | undefined) => {
      choose(async (context) => {
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { databaseShell } = await import("../../workflows/database/database-shell.ts");
        const ports = await context.ports();
        const record = await findRecord(given, context.directory, ports);
        return databaseShell(record, { tty: context.terminal.interactive, stdin: context.stdin }, ports, {
          emit: () => undefined,
          signal: context.signal,
        });
      });
    });
}

function dump(db: Command, choose: Choose): void {
  db.command("dump")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .argument("[file]", "where to; `-` is standard output; gzip when it ends in .gz (default: SITE.sql.gz)")
    .summary("dump the database to a file; a file that exists is a whole dump")
    .option("--overwrite", "replace a file that is there", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah db dump blog\n  howdah db dump blog before-update.sql\n  howdah db dump blog - | gzip > blog.sql.gz",
    )
    .action((given: string | undefined, file: string | undefined, flags: { readonly overwrite: boolean }) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { dumpDatabase } = await import("../../workflows/database/dump-database.ts");
          const record = await findRecord(given, context.directory, ports);
          const destination =
            file === "-"
              ? { stream: context.stdout }
              : { file: resolve(context.directory, file ?? `${record.namespace}.sql.gz`), overwrite: flags.overwrite };
          const result = await dumpDatabase(record, destination, ports, engine);
          if (result.file !== null)
            context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(result)}\n` : `${result.file}\n`);
          return 0;
        }),
      );
    });
}

function load(db: Command, choose: Choose): void {
  db.command("import")
    .argument("<site>", SITE_DESCRIPTION)
    .argument("<file>", "a dump, .sql or .sql.gz; `-` is standard input")
    .summary("import a dump; what was there is dumped before, and put back when it fails")
    .option("-y, --yes", "agree that tables which are there are changed", false)
    .option("--clean", "empty the database first", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah db import blog blog.sql.gz --clean --yes\n  mysqldump old_blog | howdah db import blog - --yes",
    )
    .action((given: string, file: string, flags: { readonly yes: boolean; readonly clean: boolean }) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { importDatabase } = await import("../../workflows/database/import-database.ts");
          const record = await findRecord(given, context.directory, ports);
          const source = file === "-" ? { stream: context.stdin } : { file: resolve(context.directory, file) };
          const result = await importDatabase(record, { source, ...flags }, ports, engine);
          const undo =
            result.before === null
              ? ""
              : `What was there before is in ${result.before}; \`howdah db import ${record.namespace} ${result.before} --clean --yes\` takes it back.\n`;
          context.terminal.out(
            context.flags.output === "json"
              ? `${JSON.stringify(result)}\n`
              : `${result.database}: ${String(result.tables)} tables\n${undo}`,
          );
          return 0;
        }),
      );
    });
}

import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { table } from "../report/table.ts";
import { filesPush } from "./files-push.ts";
import { withReporter } from "./with-reporter.ts";

const SITE = "name, directory or file of a site that runs here";

/** `howdah files`: what a site wrote. */
export function filesCommand(program: Command, choose: Choose): void {
  const files = program
    .command("files")
    .summary("files below a site's writable paths: ls, get, put, push")
    .description("Files below a site's writable paths. Code is not reached: it is part of the image.");
  list(files, choose);
  get(files, choose);
  put(files, choose);
  filesPush(files, choose);
}

function list(files: Command, choose: Choose): void {
  files
    .command("ls")
    .argument("<site>", SITE)
    .argument("[path]", "below a writable path (default: the writable paths themselves)")
    .summary("list a directory")
    .addHelpText("after", "\nExamples:\n  howdah files ls blog\n  howdah files ls blog wp-content/uploads/2026")
    .action((given: string, path: string | undefined) => {
      choose(async (context) => {
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { listFiles } = await import("../../workflows/files/list-files.ts");
        const ports = await context.ports();
        const record = await findRecord(given, context.directory, ports);
        const entries = await listFiles(record, path, ports, { emit: () => undefined, signal: context.signal });
        const rows = entries.map((entry) => [
          entry.type,
          String(entry.size),
          entry.mtime === 0 ? "-" : new Date(entry.mtime * 1000).toISOString().slice(0, 16),
          entry.name,
        ]);
        context.terminal.out(
          context.flags.output === "json" ? `${JSON.stringify(entries, null, 2)}\n` : rows.length === 0 ? "empty\n" : table(rows),
        );
        return 0;
      });
    });
}

function get(files: Command, choose: Choose): void {
  files
    .command("get")
    .argument("<site>", SITE)
    .argument("<path>", "file or directory below a writable path")
    .argument("[local]", "where to", ".")
    .summary("copy from the site to this machine")
    .addHelpText("after", "\nExamples:\n  howdah files get blog wp-content/uploads ./uploads")
    .action((given: string, path: string, local: string) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { getFiles } = await import("../../workflows/files/get-files.ts");
          const record = await findRecord(given, context.directory, ports);
          const result = await getFiles(record, { path, local }, ports, engine);
          context.terminal.out(
            context.flags.output === "json" ? `${JSON.stringify(result)}\n` : `${result.target}: ${String(result.files)} files\n`,
          );
          return 0;
        }),
      );
    });
}

function put(files: Command, choose: Choose): void {
  files
    .command("put")
    .argument("<site>", SITE)
    .argument("<local>", "file or directory of this machine")
    .argument("<path>", "where to, below a writable path; with `/` at its end: into it")
    .summary("copy from this machine to the site")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah files put blog ./uploads wp-content/uploads\n  howdah files put blog logo.png wp-content/uploads/",
    )
    .action((given: string, local: string, path: string) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { putFiles } = await import("../../workflows/files/put-files.ts");
          const record = await findRecord(given, context.directory, ports);
          const result = await putFiles(record, { local, path }, ports, engine);
          context.terminal.out(
            context.flags.output === "json" ? `${JSON.stringify(result)}\n` : `${result.target}: ${String(result.files)} files\n`,
          );
          return 0;
        }),
      );
    });
}

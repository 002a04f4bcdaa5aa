import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { SITE_DESCRIPTION } from "./site-argument.ts";
import { withReporter } from "./with-reporter.ts";

interface MoveFlags {
  readonly to?: string;
  readonly yes: boolean;
  readonly abort: boolean;
  readonly catchUp: boolean;
  readonly compare: string;
}

/** `howdah db move` and `howdah db moves`. */
export function dbMoveCommands(db: Command, choose: Choose): void {
  move(db, choose);
  moves(db, choose);
}

function move(db: Command, choose: Choose): void {
  db.command("move")
    .argument("<site>", SITE_DESCRIPTION)
    .summary("move a site's database to another server, with a short hold")
    .description(
      "Copies the database while the site serves, brings what was written meanwhile from the former server's log, then holds visitors (503 with Retry-After), crons and workers for the last rest, compares both sides row by row, and starts the site's pods on the new server. Whatever fails before that leaves the site where it was and nothing on the new server; killed anywhere, the same command, any other one of the site, or the agent finishes or undoes it.\n\nThe former database is kept, locked, for the retention period (7 days, HOWDAH_RETENTION_DAYS). Going back is the same command with the former server: with all that was written since.",
    )
    .option("--to <server>", "the server: `mariadb-11-8`, or a name of `howdah db server ls`")
    .option("-y, --yes", "don't ask", false)
    .option("--no-catch-up", "copy while visitors are held: a longer hold, for what the log can't bring")
    .option("--compare <how>", "`checksums` of every row, or only `rows` counted, which is quicker", "checksums")
    .option("--abort", "take a move back that was cut off", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah db move blog --to mariadb-11-8\n  howdah db move blog --to group --yes --output json\n  howdah db move blog --to mariadb-10-11   # back\n  howdah db move blog --abort",
    )
    .action((given: string, flags: MoveFlags) => {
      choose((context) => (flags.abort ? abort(given, context) : moveOne(given, flags, context)));
    });
}

async function moveOne(given: string, { to, yes, catchUp, compare }: MoveFlags, context: CliContext): Promise<number> {
  const { findRecord } = await import("../../workflows/find-record.ts");
  const { moveDatabase } = await import("../../workflows/database-move/move-database.ts");
  if (to === undefined) throw new HowdahError("usage/invalid", "`--to SERVER` is missing");
  if (compare !== "checksums" && compare !== "rows")
    throw new HowdahError("usage/invalid", `--compare is ${JSON.stringify(compare)}: it takes \`checksums\` or \`rows\``);
  const ports = await context.ports();
  const record = await findRecord(given, context.directory, ports);
  const from = record.database?.server ?? "nowhere";
  if (context.terminal.interactive || yes)
    context.terminal.err(
      `Moves the database of ${record.namespace} from ${from} to ${to}. Visitors are held for the last part, and its pods are started anew.\n`,
    );
  await confirm(`Move the database of ${record.namespace}?`, yes, context, {
    what: "Visitors are held for a moment",
    no: "Nothing was moved",
  });
  const request = { to, catchUp, checksums: compare === "checksums" };
  const done = await withReporter(context, (_ports, engine) => moveDatabase(record, request, ports, engine));
  const what =
    done.heldMs === null
      ? `${done.site}: on ${done.to}, where a former command has moved it.`
      : `${done.site}: ${String(done.tables)} tables, ${String(done.rows)} rows, on ${done.to} now. Visitors were held for ${(done.heldMs / 1000).toFixed(1)} s.`;
  const lines = [
    what,
    ...(done.noCatchUp === null ? [] : [`All was copied while they were held: ${done.noCatchUp}.`]),
    `Write \`${done.fileWords}\` into \`spec.database\` of ${done.file}: until then \`howdah up\` refuses it.`,
    `The former database on ${done.from} is kept, locked, until ${done.keptUntil.slice(0, 10)}; \`howdah db move ${done.site} --to ${done.from}\` goes back with all that is written from now on.`,
  ];
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(done)}\n` : `${lines.join("\n")}\n`);
  return 0;
}

async function abort(given: string, context: CliContext): Promise<number> {
  return await withReporter(context, async (ports, engine) => {
    const { findRecord } = await import("../../workflows/find-record.ts");
    const { abortMove } = await import("../../workflows/database-move/list-moves.ts");
    const { namespace } = await findRecord(given, context.directory, ports);
    const did = await abortMove(namespace, ports, engine);
    context.terminal.out(context.flags.output === "json" ? `${JSON.stringify({ site: namespace, did })}\n` : `${did}\n`);
    return 0;
  });
}

function moves(db: Command, choose: Choose): void {
  db.command("moves")
    .summary("moves of databases: under way, cut off, and what is kept of those that are done")
    .addHelpText("after", "\nExamples:\n  howdah db moves\n  howdah db moves --output json")
    .action(() => {
      choose(async (context) => {
        const { listMoves } = await import("../../workflows/database-move/list-moves.ts");
        const found = await listMoves(await context.ports());
        const lines = [
          ...found.moves.map(({ site, from, to, step, held }) => `${site}: ${from} to ${to}, at "${step}"${held ? ", visitors wait" : ""}`),
          ...found.kept.map(({ site, server, keptUntil }) => `${site}: kept on ${server} until ${keptUntil.slice(0, 10)}`),
        ];
        const text = lines.length === 0 ? "No database is moved, and none is kept.\n" : lines.map((line) => `${line}\n`).join("");
        context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found)}\n` : text);
        return 0;
      });
    });
}

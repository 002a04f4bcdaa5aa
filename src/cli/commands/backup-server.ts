import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { confirm, REPLACES } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { restoredServerWords, serverBackupTable, serverVerifiedWords } from "../report/print-server-backups.ts";
import { backupServerSchedule } from "./backup-server-schedule.ts";
import { withReporter } from "./with-reporter.ts";

const SERVER = "a database server of this machine: mariadb-11-8";

/** `howdah backup server`: the files of a whole database server at once. */
export function backupServer(backup: Command, choose: Choose): void {
  const server = backup
    .command("server")
    .summary("back up whole database servers: now, ls, verify, restore, schedule, delete")
    .description(
      "Copies the files of a whole database server while it serves: every database on it, as of one moment, encrypted. For databases that take long to dump and to import. It counts as verified only after a scratch server was started on the copy and compared. Files, site files and secrets of sites are not in it: `howdah backup now SITE`.",
    );
  now(server, choose);
  list(server, choose);
  verify(server, choose);
  restore(server, choose);
  backupServerSchedule(server, choose);
  remove(server, choose);
}

async function portsOf(context: CliContext) {
  const { withBackups } = await import("../../workflows/backup/backup-ports.ts");
  return withBackups(await context.ports());
}

function answer(context: CliContext, found: unknown, words: string): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : words);
  return 0;
}

function now(server: Command, choose: Choose): void {
  server
    .command("now")
    .argument("<server>", SERVER)
    .summary("copy a server's files, and prove it by starting a scratch server on them")
    .option("--store <name>", "where to (default: the store `default`)")
    .option("--no-verify", "don't start a scratch server on them now")
    .addHelpText("after", "\nExamples:\n  howdah backup server now mariadb-11-8\n  howdah backup server now mariadb-11-8 --no-verify")
    .action((name: string, flags: { readonly store?: string; readonly verify: boolean }) => {
      choose((context) =>
        withReporter(context, async (_ports, engine) => {
          const ports = await portsOf(context);
          const { findStore } = await import("../../workflows/backup/stores.ts");
          const { takeServerBackup } = await import("../../workflows/backup/server/take-server-backup.ts");
          const { verifyServerBackup } = await import("../../workflows/backup/server/verify-server-backup.ts");
          const made = await takeServerBackup({ server: name, store: await findStore(flags.store, ports), why: "asked" }, ports, engine);
          const done = flags.verify ? await verifyServerBackup(made, ports, engine) : made;
          return answer(context, done, `${done.id}: ${serverVerifiedWords(done)}\n`);
        }),
      );
    });
}

function list(server: Command, choose: Choose): void {
  server
    .command("ls")
    .argument("[server]", "name of a server (default: all)")
    .summary("backups of servers, and when each was proved")
    .option("--from-store [name]", "with a server: ask the store first what lies there, on a machine that knows none")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup server ls\n  howdah backup server ls mariadb-11-8 --output json\n  howdah backup server ls mariadb-11-8 --from-store",
    )
    .action((name: string | undefined, flags: { readonly fromStore?: string | true }) => {
      choose(async (context) => {
        const ports = await portsOf(context);
        const { listServerBackups, rememberServerBackups } = await import("../../workflows/backup/server/find-server-backup.ts");
        if (flags.fromStore !== undefined) {
          if (name === undefined) throw new HowdahError("usage/invalid", "--from-store needs the name of a server");
          await rememberServerBackups(name, flags.fromStore === true ? undefined : flags.fromStore, ports, context.signal);
        }
        const backups = await listServerBackups(name, ports);
        return answer(context, { backups }, serverBackupTable(backups));
      });
    });
}

function verify(server: Command, choose: Choose): void {
  server
    .command("verify")
    .argument("<server>", SERVER)
    .argument("[backup]", "which one (default: the newest)")
    .summary("start a scratch server on a backup and compare its tables with what was backed up")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup server verify mariadb-11-8\n  howdah backup server verify mariadb-11-8 20261122-030412-a1b2",
    )
    .action((name: string, id: string | undefined) => {
      choose((context) =>
        withReporter(context, async (_ports, engine) => {
          const ports = await portsOf(context);
          const { findServerBackup } = await import("../../workflows/backup/server/find-server-backup.ts");
          const { verifyServerBackup } = await import("../../workflows/backup/server/verify-server-backup.ts");
          const done = await verifyServerBackup(await findServerBackup(name, id, ports), ports, engine);
          return answer(context, done, `${done.id}: ${serverVerifiedWords(done)}\n`);
        }),
      );
    });
}

interface RestoreFlags {
  readonly site?: string;
  readonly at?: string;
  readonly into?: string;
  readonly undo: boolean;
  readonly yes: boolean;
}

function restore(server: Command, choose: Choose): void {
  server
    .command("restore")
    .argument("<server>", SERVER)
    .argument("[backup]", "which one (default: the newest; with --at the last one before)")
    .summary("put a server's databases back, or with --site that one's alone")
    .description(
      "Puts all databases of a server back: the backup's files are unpacked beside the server's own, which it goes on with meanwhile; then it stands still while they change places. What was there stays beside, `--undo` takes it back. `--site` restores that site's database alone, with `--at` to the end of one second; its neighbours are not touched.",
    )
    .option("--site <name>", "the database of this site alone; what is there is dumped first")
    .option("--at <time>", "with --site: a second: 10:05, 10:05:30 (UTC) or 2026-11-22T10:05:30Z")
    .option("--into <site>", "with --site: another site or environment that runs here")
    .option("--undo", "what was there before the server's last restore", false)
    .option("-y, --yes", "don't ask", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup server restore mariadb-11-8\n  howdah backup server restore mariadb-11-8 --undo\n  howdah backup server restore mariadb-11-8 --site shop --at 10:05",
    )
    .action((name: string, id: string | undefined, flags: RestoreFlags) => {
      choose((context) => {
        if (flags.site !== undefined && !flags.undo) return siteOutOf(name, id, { ...flags, site: flags.site }, context);
        if (flags.site !== undefined || flags.at !== undefined || flags.into !== undefined)
          throw new HowdahError("usage/invalid", "--at and --into are for one site: name it with --site, and without --undo");
        return flags.undo ? undo(name, flags.yes, context) : whole(name, id, flags.yes, context);
      });
    });
}

/** Before a person is asked whether: a mistyped name is told as one. */
async function required(name: string, ports: Awaited<ReturnType<typeof portsOf>>): Promise<void> {
  const { requireServer } = await import("../../workflows/backup/server/require-server.ts");
  await requireServer(name, ports);
}

async function whole(name: string, id: string | undefined, yes: boolean, context: CliContext): Promise<number> {
  const ports = await portsOf(context);
  await required(name, ports);
  const { findServerBackup } = await import("../../workflows/backup/server/find-server-backup.ts");
  const { restoreServer } = await import("../../workflows/backup/server/restore-server.ts");
  const backup = await findServerBackup(name, id, ports);
  const on = (await ports.records.list()).filter(({ database }) => database?.server === name).map(({ namespace }) => namespace);
  const sites = on.length === 0 ? "" : ` (${on.slice(0, 8).join(", ")}${on.length > 8 ? ` and ${String(on.length - 8)} more` : ""})`;
  const question = `Put all databases of ${name}${sites} back to ${backup.ended.slice(0, 19)}? It stands still for a moment; what is there stays beside.`;
  await confirm(question, yes, context, REPLACES);
  return await withReporter(context, async (_ports, engine) => {
    const restored = await restoreServer(backup, ports, engine);
    return answer(context, restored, restoredServerWords(restored));
  });
}

async function undo(name: string, yes: boolean, context: CliContext): Promise<number> {
  const ports = await portsOf(context);
  await required(name, ports);
  const { undoRestoreServer } = await import("../../workflows/backup/server/restore-server.ts");
  await confirm(`Give ${name} the files back that it had before its last restore? What came since is lost.`, yes, context);
  return await withReporter(context, async (_ports, engine) => {
    const undone = await undoRestoreServer(name, ports, engine);
    return answer(context, undone, `${name} has what it had before its last restore.\n`);
  });
}

async function siteOutOf(
  name: string,
  id: string | undefined,
  flags: RestoreFlags & { readonly site: string },
  context: CliContext,
): Promise<number> {
  const ports = await portsOf(context);
  const { findRecord } = await import("../../workflows/find-record.ts");
  const { findServerBackup } = await import("../../workflows/backup/server/find-server-backup.ts");
  const { restoreFromServer } = await import("../../workflows/backup/server/restore-from-server.ts");
  const { readTime } = await import("../../workflows/backup/binlog/read-time.ts");
  const { undoWords } = await import("./restore-point.ts");
  const target = await findRecord(flags.into ?? flags.site, context.directory, ports);
  const namespace = flags.into === undefined ? target.namespace : flags.site;
  const at = flags.at === undefined ? null : readTime(flags.at, ports.clock.now());
  const backup = at !== null && id === undefined ? undefined : await findServerBackup(name, id, ports);
  const when = at === null ? (backup?.ended.slice(0, 19) ?? "") : new Date(at).toISOString().slice(0, 19);
  await confirm(`Put the database of ${target.namespace} back to ${when}? It is dumped first.`, flags.yes, context, REPLACES);
  return await withReporter(context, async (_ports, engine) => {
    const restored = await restoreFromServer({ server: name, backup, namespace, target, at }, ports, engine);
    const undoing = restored.before === null ? "" : undoWords(target.namespace, restored.before);
    const words = `${target.namespace}'s database is that of ${when} UTC, out of ${restored.backup}: ${String(restored.tables)} tables.\n${undoing}`;
    return answer(context, restored, words);
  });
}

function remove(server: Command, choose: Choose): void {
  server
    .command("delete")
    .argument("<server>", SERVER)
    .argument("<backup...>", "which ones")
    .summary("delete backups of a server for good")
    .option("-y, --yes", "don't ask", false)
    .addHelpText("after", "\nExamples:\n  howdah backup server delete mariadb-11-8 20261122-030412-a1b2")
    .action((name: string, ids: readonly string[], flags: { readonly yes: boolean }) => {
      choose(async (context) => {
        const ports = await portsOf(context);
        const { deleteServerBackups, listServerBackups } = await import("../../workflows/backup/server/find-server-backup.ts");
        const known = await listServerBackups(name, ports);
        const chosen = ids.map((id) => known.find((one) => one.id === id));
        const unknown = ids.filter((_, at) => chosen[at] === undefined);
        if (unknown.length > 0) throw new HowdahError("backup/unknown", `${name} has no backup ${unknown.join(", ")}`);
        await confirm(`Delete ${ids.join(", ")} of ${name} for good?`, flags.yes, context);
        const found = chosen.filter((one) => one !== undefined);
        await deleteServerBackups(found, ports, context.signal);
        return answer(context, { server: name, deleted: ids }, `Deleted: ${ids.join(", ")}.\n`);
      });
    });
}

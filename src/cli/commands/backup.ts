import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { confirm, REPLACES } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { backupTable, restoredWords, verifiedWords } from "../report/print-backups.ts";
import { table } from "../report/table.ts";
import { backupRebuild } from "./backup-rebuild.ts";
import { backupSchedule } from "./backup-schedule.ts";
import { askThere, type BackupThereFlags, listBackupsThere, deleteBackupsThere } from "./backup-there.ts";
import { backupServer } from "./backup-server.ts";
import { backupStore } from "./backup-store.ts";
import { clusterOptions, contextOf } from "./cluster-options.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah backup`: database, files, site file and secrets of a site, encrypted, and proved by restoring. */
export function backupCommand(program: Command, choose: Choose): void {
  const backup = program
    .command("backup")
    .summary("back up sites, prove it by restoring, restore: now, ls, verify, restore, schedule")
    .description(
      "Backs up a site while it serves: its database at one moment, its files, its site file and its secrets, encrypted, to a directory, over SFTP or to S3. A backup counts as verified only after it was restored into a scratch place and compared.",
    );
  now(backup, choose);
  list(backup, choose);
  verify(backup, choose);
  restore(backup, choose);
  backupRebuild(backup, choose);
  backupSchedule(backup, choose);
  backupServer(backup, choose);
  remove(backup, choose);
  backupStore(backup, choose);
  key(backup, choose);
}

async function portsOf(context: CliContext) {
  const { withBackups } = await import("../../workflows/backup/backup-ports.ts");
  return withBackups(await context.ports());
}

/** Verbs that also work on a cluster, where the operator carries them out. */
function alsoThere(command: Command): Command {
  return clusterOptions(command).option("--plan <name>", "with --context: which Backup of the namespace (default: the only one)");
}

function now(backup: Command, choose: Choose): void {
  alsoThere(backup.command("now"))
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("back up a site and prove it by restoring into a scratch place")
    .option("--store <name>", "where to (default: the store `default`)")
    .option("--no-verify", "don't restore it into a scratch place now")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup now blog\n  howdah backup now blog --no-verify\n  howdah backup now blog --context lab",
    )
    .action((given: string | undefined, flags: { readonly store?: string; readonly verify: boolean } & BackupThereFlags) => {
      choose(async (context) => {
        if (contextOf(flags) !== undefined) return askThere(given, { what: "backup-now", id: undefined, yes: true }, flags, context);
        return withReporter(context, async (_ports, engine) => {
          const ports = await portsOf(context);
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { findStore } = await import("../../workflows/backup/stores.ts");
          const { takeBackup } = await import("../../workflows/backup/take-backup.ts");
          const record = await findRecord(given, context.directory, ports);
          const made = await takeBackup(record, { store: await findStore(flags.store, ports), why: "asked" }, ports, engine);
          const { verifyBackup } = await import("../../workflows/backup/verify-backup.ts");
          const done = flags.verify ? await verifyBackup(record, made, ports, engine) : made;
          return answer(context, done, `${done.id}: ${verifiedWords(done)}\n`);
        });
      });
    });
}

function list(backup: Command, choose: Choose): void {
  clusterOptions(backup.command("ls"))
    .argument("[site]", "name of a site (default: all)")
    .summary("backups, when each was proved by restoring, and which seconds can be restored")
    .option("--from-store [name]", "ask the store itself: also what other machines made")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup ls\n  howdah backup ls blog --output json\n  howdah backup ls --from-store\n  howdah backup ls blog --context lab",
    )
    .action((site: string | undefined, flags: { readonly fromStore?: string | true } & BackupThereFlags) => {
      choose(async (context) => {
        if (contextOf(flags) !== undefined) return listBackupsThere(site, flags, context);
        const ports = await portsOf(context);
        const { listBackups, storedBackups } = await import("../../workflows/backup/find-backup.ts");
        if (flags.fromStore !== undefined) {
          const store = flags.fromStore === true ? undefined : flags.fromStore;
          const stored = (await storedBackups(store, ports, context.signal)).filter((one) => site === undefined || one.namespace === site);
          const rows = stored.map(({ namespace, id, time }) => [namespace, id, time.slice(0, 19)]);
          return answer(context, stored, rows.length === 0 ? "The store is empty.\n" : table([["SITE", "BACKUP", "TIME"], ...rows]));
        }
        const { recoverableOf } = await import("../../workflows/backup/binlog/recoverable.ts");
        const backups = await listBackups(site, ports);
        const recoverable = await recoverableOf(site, backups, ports);
        return answer(context, { backups, recoverable }, backupTable(backups, recoverable));
      });
    });
}

function verify(backup: Command, choose: Choose): void {
  alsoThere(backup.command("verify"))
    .argument("<site>", SITE_DESCRIPTION)
    .argument("[backup]", "which one (default: the newest)")
    .summary("restore a backup into a scratch place and compare it with what was backed up")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup verify blog\n  howdah backup verify blog 20261122-030412-a1b2\n  howdah backup verify blog --context lab",
    )
    .action((given: string, id: string | undefined, flags: BackupThereFlags) => {
      choose(async (context) => {
        if (contextOf(flags) !== undefined) return askThere(given, { what: "verify", id, yes: true }, flags, context);
        return withReporter(context, async (_ports, engine) => {
          const ports = await portsOf(context);
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { findBackup } = await import("../../workflows/backup/find-backup.ts");
          const { verifyBackup } = await import("../../workflows/backup/verify-backup.ts");
          const record = await findRecord(given, context.directory, ports);
          const done = await verifyBackup(record, await findBackup(record.namespace, id, ports), ports, engine);
          return answer(context, done, `${done.id}: ${verifiedWords(done)}\n`);
        });
      });
    });
}

interface RestoreFlags extends BackupThereFlags {
  readonly at?: string;
  readonly into?: string;
  readonly prepare?: string;
  readonly store?: string;
  readonly yes: boolean;
}

function restore(backup: Command, choose: Choose): void {
  alsoThere(backup.command("restore"))
    .argument("<site>", "name of a site")
    .argument("[backup]", "which one (default: the newest)")
    .summary("put a backup, or one second of the past, in the place of what a site holds")
    .description(
      "Puts a backup in the place of what a site holds: database and files. It is read back and compared before anything changes, and what is there is backed up first; the answer says how to undo it. `--at` restores the database alone to the end of one second.",
    )
    .option("--at <time>", "a second: 10:05, 10:05:30 (today or yesterday, UTC) or 2026-11-22T10:05:30Z; the database alone")
    .option("--into <site>", "another site or environment that runs here; the one it was made of stays as it is")
    .option("--prepare <directory>", "for a new machine: put the site file there and the secrets in place, for `howdah up`")
    .option("--store <name>", "with --prepare: which store")
    .option("-y, --yes", "don't ask", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup restore blog\n  howdah backup restore blog 20261122-030412-a1b2 --into blog-stage\n  howdah backup restore blog --at 10:05\n  howdah backup restore blog 20261122-030412-a1b2 --context lab\n  howdah backup restore blog --prepare ./blog && howdah up ./blog && howdah backup restore blog",
    )
    .action((site: string, id: string | undefined, flags: RestoreFlags) => {
      choose(async (context) => {
        if (contextOf(flags) !== undefined) {
          if (flags.at !== undefined || flags.into !== undefined || flags.prepare !== undefined)
            throw new HowdahError(
              "usage/invalid",
              "--at, --into and --prepare are for one machine: a cluster's sites are restored to a whole backup, in their own place",
            );
          return askThere(site, { what: "restore", id, yes: flags.yes }, flags, context);
        }
        if (flags.prepare !== undefined) return await prepare(site, flags, flags.prepare, context);
        const ports = await portsOf(context);
        const { findRecord } = await import("../../workflows/find-record.ts");
        const target = await findRecord(flags.into ?? site, context.directory, ports);
        const namespace = flags.into === undefined ? target.namespace : site;
        if (flags.at !== undefined) {
          if (id !== undefined) throw new HowdahError("usage/invalid", "--at chooses the backup itself: name none");
          const { restorePoint } = await import("./restore-point.ts");
          return await restorePoint({ namespace, target, at: flags.at, table: null, yes: flags.yes }, context);
        }
        const { findBackup } = await import("../../workflows/backup/find-backup.ts");
        const { restoreBackup } = await import("../../workflows/backup/restore-backup.ts");
        const chosen = await findBackup(namespace, id, ports);
        await confirm(`Replace what ${target.namespace} holds with ${chosen.id}? It is backed up first.`, flags.yes, context, REPLACES);
        return await withReporter(context, async (_ports, engine) => {
          const restored = await restoreBackup({ backup: chosen, target }, ports, engine);
          return answer(context, restored, restoredWords(restored));
        });
      });
    });
}

async function prepare(site: string, flags: RestoreFlags, directory: string, context: CliContext): Promise<number> {
  const { recoverSite } = await import("../../workflows/backup/recover-site.ts");
  const wanted = { namespace: site, store: flags.store, directory: resolve(context.directory, directory) };
  const { backup, file, secrets } = await recoverSite(wanted, await portsOf(context), context.signal);
  const next = `Now \`howdah up ${directory}\`, then \`howdah backup restore ${site} ${backup}\`.\n`;
  const written = file === null ? "A site file is there already, or the backup has none." : `The site file is ${file}.`;
  return answer(context, { backup, file, secrets }, `${written} Secrets in place: ${secrets.join(", ") || "none"}.\n${next}`);
}

function remove(backup: Command, choose: Choose): void {
  alsoThere(backup.command("delete"))
    .argument("<site>", "name of a site")
    .argument("<backup...>", "which ones")
    .summary("delete backups for good")
    .option("-y, --yes", "don't ask", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup delete blog 20261122-030412-a1b2\n  howdah backup delete blog 20261122-030412-a1b2 --context lab",
    )
    .action((site: string, ids: readonly string[], flags: BackupThereFlags & { readonly yes: boolean }) => {
      choose(async (context) => {
        if (contextOf(flags) !== undefined) return deleteBackupsThere(site, { ids, yes: flags.yes }, flags, context);
        const ports = await portsOf(context);
        const { listBackups } = await import("../../workflows/backup/find-backup.ts");
        const { deleteBackups } = await import("../../workflows/backup/delete-backups.ts");
        const known = await listBackups(site, ports);
        const chosen = ids.map((id) => known.find((one) => one.id === id));
        const unknown = ids.filter((_, at) => chosen[at] === undefined);
        if (unknown.length > 0) throw new HowdahError("backup/unknown", `${site} has no backup ${unknown.join(", ")}`);
        await confirm(`Delete ${ids.join(", ")} for good?`, flags.yes, context);
        const found = chosen.filter((one) => one !== undefined);
        await deleteBackups(found, ports, context.signal);
        return answer(context, { site, deleted: ids }, `Deleted: ${ids.join(", ")}.\n`);
      });
    });
}

function key(backup: Command, choose: Choose): void {
  const command = backup
    .command("key")
    .summary("the key that opens every backup of this machine: keep it elsewhere")
    .description("Prints the key that everything in the stores is encrypted with. Keep it where this machine's loss does not reach.")
    .option("--set", "read the key from standard input, on a machine that has none", false)
    .option("--forget", "forget the key, while no store is set", false)
    .addHelpText("after", "\nExamples:\n  howdah backup key\n  howdah backup key --set < howdah-backup.key")
    .action((flags: { readonly set: boolean; readonly forget: boolean }) => {
      choose(async (context) => {
        const ports = await portsOf(context);
        const { backupKey, forgetBackupKey, setBackupKey } = await import("../../workflows/backup/stores.ts");
        if (flags.forget) await forgetBackupKey(ports);
        if (flags.set) await setBackupKey(await text(context.stdin), ports);
        if (flags.set || flags.forget)
          return answer(context, { set: flags.set }, flags.set ? "The key is in place.\n" : "The key is forgotten.\n");
        const shown = (await backupKey(ports)).reveal();
        context.terminal.err("Keep this key where the loss of this machine does not reach. Without it no backup opens.\n");
        return answer(context, { key: shown }, `${shown}\n`);
      });
    });
  void command;
}

function answer(context: CliContext, found: unknown, words: string): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : words);
  return 0;
}

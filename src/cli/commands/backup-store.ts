import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { table } from "../report/table.ts";

const NAME = "default";

/** `howdah backup store`: places for backups. */
export function backupStore(backup: Command, choose: Choose): void {
  const store = backup.command("store").summary("where backups go: set, ls, check, rm");
  set(store, choose);
  list(store, choose);
  check(store, choose);
  remove(store, choose);
}

async function portsOf(context: CliContext) {
  const { withBackups } = await import("../../workflows/backup/backup-ports.ts");
  return withBackups(await context.ports());
}

interface SetFlags {
  readonly name: string;
  readonly accessKey?: string;
  readonly sshConfig?: string;
  readonly mine: boolean;
}

function set(store: Command, choose: Choose): void {
  store
    .command("set")
    .argument("<place>", "/directory, sftp://user@host/path or s3://host/bucket/prefix")
    .summary("set a place for backups; it is made where there is none")
    .option("--name <name>", "a name, for more than one place", NAME)
    .option("--access-key <id>", "of S3; the secret key is read from standard input")
    .option("--ssh-config <file>", "a configuration of OpenSSH (default: what `ssh` of this user uses)")
    .option("--mine", "backups there of sites of this machine are its own, from before it was set up anew: remember them", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup store set /mnt/other-disk/howdah\n  howdah backup store set sftp://backup@nas.example/srv/howdah\n  howdah backup store set s3://s3.example/howdah --access-key AKIA… < secret-key\n\nSFTP never asks: `ssh user@host` of the same user must log in by itself, with a host key that is known. Machines may share a place while their sites have different names; else give each one of its own in it.",
    )
    .action((place: string, flags: SetFlags) => {
      choose(async (context) => {
        const ports = await portsOf(context);
        const { locationFrom, setStore } = await import("../../workflows/backup/stores.ts");
        const location = locationFrom(place, flags.sshConfig === undefined ? null : resolve(context.directory, flags.sshConfig));
        const keys = flags.accessKey === undefined ? null : { id: flags.accessKey, secret: await text(context.stdin) };
        const made = await setStore({ name: flags.name, location, keys, mine: flags.mine }, ports, context.signal);
        const words = made ? "was made" : "is there and opens";
        const keep = "Keep its key elsewhere: `howdah backup key` shows it.\n";
        return answer(context, { name: flags.name, place, made }, `The store ${flags.name} (${place}) ${words}. ${keep}`);
      });
    });
}

function list(store: Command, choose: Choose): void {
  store
    .command("ls")
    .summary("list the places")
    .addHelpText("after", "\nExamples:\n  howdah backup store ls")
    .action(() => {
      choose(async (context) => {
        const ports = await portsOf(context);
        const { storeWords } = await import("../../workflows/backup/stores.ts");
        const stores = (await ports.backups.stores.list()).map((one) => ({ name: one.name, place: storeWords(one), setAt: one.setAt }));
        const rows = stores.map(({ name, place, setAt }) => [name, setAt.slice(0, 10), place]);
        return answer(context, stores, rows.length === 0 ? "No place for backups is set.\n" : table([["NAME", "SET", "PLACE"], ...rows]));
      });
    });
}

function check(store: Command, choose: Choose): void {
  store
    .command("check")
    .argument("[name]", "which one (default: the store `default`)")
    .summary("open a place and read whether it is whole")
    .option("--everything", "read every byte of it", false)
    .addHelpText("after", "\nExamples:\n  howdah backup store check\n  howdah backup store check nas --everything")
    .action((name: string | undefined, flags: { readonly everything: boolean }) => {
      choose(async (context) => {
        const ports = await portsOf(context);
        const { findStore, openStore } = await import("../../workflows/backup/stores.ts");
        const found = await findStore(name, ports);
        await (await openStore(found, ports)).check(flags, context.signal);
        return answer(context, { name: found.name, whole: true }, `The store ${found.name} is whole.\n`);
      });
    });
}

function remove(store: Command, choose: Choose): void {
  store
    .command("rm")
    .argument("<name>", "which one")
    .summary("forget a place; what lies there stays")
    .option("-y, --yes", "agree that backups there are no longer known here", false)
    .addHelpText("after", "\nExamples:\n  howdah backup store rm nas --yes")
    .action((name: string, flags: { readonly yes: boolean }) => {
      choose(async (context) => {
        if (!flags.yes) throw new HowdahError("usage/invalid", `Backups in ${name} are no longer known here then`, { hint: "Say --yes." });
        const { removeStore } = await import("../../workflows/backup/stores.ts");
        await removeStore(name, await portsOf(context));
        return answer(context, { name, removed: true }, `The store ${name} is forgotten; what lies there stays.\n`);
      });
    });
}

function answer(context: CliContext, found: unknown, words: string): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : words);
  return 0;
}

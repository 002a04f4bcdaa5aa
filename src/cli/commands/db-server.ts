import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { checkedServer, serverTable } from "../report/server-table.ts";
import { terminalText } from "../report/terminal-text.ts";
import { withReporter } from "./with-reporter.ts";

const NAME = "the server's name";

/** `howdah db server`: servers that hold databases of sites. */
export function dbServerCommand(db: Command, choose: Choose): void {
  const server = db
    .command("server")
    .summary("database servers: ls, show, set, check, rm")
    .description(
      "Servers that hold databases of sites: those that Howdah runs for a version of MariaDB, and those that exist already and are named here. A site chooses one with `spec.database.server`.",
    );
  list(server, choose);
  show(server, choose);
  set(server, choose);
  check(server, choose);
  remove(server, choose);
}

function list(server: Command, choose: Choose): void {
  server
    .command("ls")
    .summary("the servers of this machine, and whose databases are on them")
    .addHelpText("after", "\nExamples:\n  howdah db server ls\n  howdah db server ls --output json")
    .action(() => {
      choose(async (context) => {
        const { listServers } = await import("../../workflows/database-server/list-servers.ts");
        const servers = await listServers(await context.ports());
        const none = "No site here has a database, and no server was named: `howdah db server set` names one.\n";
        answer(servers, () => (servers.length === 0 ? none : serverTable(servers)), context);
        return 0;
      });
    });
}

function show(server: Command, choose: Choose): void {
  server
    .command("show")
    .argument("<name>", NAME)
    .summary("what is known of a server; never its password")
    .addHelpText("after", "\nExamples:\n  howdah db server show company")
    .action((name: string) => {
      choose(async (context) => {
        const { listServers } = await import("../../workflows/database-server/list-servers.ts");
        const found = (await listServers(await context.ports())).find((one) => one.name === name);
        if (found === undefined) throw new HowdahError("database/server-unknown", `There is no database server ${name}`);
        answer(found, () => serverTable([found]), context);
        return 0;
      });
    });
}

interface SetFlags {
  readonly address?: readonly string[];
  readonly administrator?: string;
  readonly passwordFile?: string;
  readonly default?: boolean;
  readonly tenants?: string;
  readonly force?: boolean;
}

function set(server: Command, choose: Choose): void {
  server
    .command("set")
    .argument("<name>", NAME)
    .summary("name a MariaDB that exists, or change what is known of it")
    .option("--address <address...>", "HOST or HOST:PORT; primary and replicas, or all nodes: sites get to the one that takes writes")
    .option("--administrator <user>", "an account there that may make databases and users")
    .option("--password-file <file>", "its password; `-` is standard input (default: it is asked for)")
    .option("--default", "sites that name no server get their database here")
    .option("--no-default", "they no longer do")
    .option("--tenants <names>", "who may use it, separated by commas; `all`: everybody")
    .option("--force", "take other addresses though databases of sites are not there")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah db server set company --address 10.0.0.5 --administrator howdah\n  howdah db server set company --address 10.0.0.5 10.0.0.6:3307 --administrator howdah --password-file /root/db-password --default\n  howdah db server set company --tenants shop,blog\n\nThe server is asked first: nothing is kept of one that can't be used, nor of other addresses without the databases of its sites. What is left out stays as it is.",
    )
    .action((name: string, flags: SetFlags) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { setServer } = await import("../../workflows/database-server/set-server.ts");
          const { parseAddress } = await import("../../workflows/database-server/server-address.ts");
          const password = await passwordFrom(flags, context);
          const { document, choice } = await setServer(
            {
              name,
              ...(flags.address === undefined ? {} : { addresses: flags.address.map(parseAddress) }),
              ...(flags.administrator === undefined ? {} : { user: flags.administrator }),
              ...(password === undefined ? {} : { password }),
              ...(flags.force === true ? { force: true } : {}),
              ...(flags.default === undefined ? {} : { default: flags.default }),
              ...(flags.tenants === undefined ? {} : { tenants: tenantsFrom(flags.tenants) }),
            },
            ports,
            engine,
          );
          const warning = choice.warning === undefined ? "" : `! ${choice.warning}\n`;
          const words = `${name} is known; its writer is ${choice.writer} (${terminalText(choice.version)}).\n${warning}`;
          answer(
            { name, ...document.spec, writer: choice.writer, version: choice.version, warning: choice.warning ?? null },
            () => words,
            context,
          );
          return 0;
        }),
      );
    });
}

/** Null: everybody. */
function tenantsFrom(words: string): readonly string[] | null {
  return words === "all" ? null : words.split(",").filter((word) => word !== "");
}

/** Never an argument: others see those. Undefined: the one that is known stays. */
async function passwordFrom(flags: SetFlags, context: CliContext): Promise<Secret | undefined> {
  const { passwordFile } = flags;
  if (passwordFile === undefined) {
    if (flags.administrator === undefined || !context.terminal.interactive) return undefined;
    const { askPassword } = await import("../ask.ts");
    return askPassword(`Password of ${flags.administrator}`);
  }
  const given =
    passwordFile === "-" ? text(addAbortSignal(context.signal, context.stdin)) : readFile(resolve(context.directory, passwordFile), "utf8");
  const read = await given.catch((error: unknown) => {
    throw new HowdahError("usage/invalid", `${passwordFile} can't be read`, { cause: error });
  });
  const password = read.replace(/\r?\n$/, "");
  if (password !== "" && !/[\u0000-\u001f\u007f]/.test(password)) return new Secret(password, "--password-file");
  throw new HowdahError("usage/invalid", `${passwordFile} holds no password: one line is expected`);
}

function check(server: Command, choose: Choose): void {
  server
    .command("check")
    .argument("<name>", NAME)
    .summary("ask every address of a server: who is the writer, can it lose data, may its administrator do what is needed")
    .addHelpText("after", "\nExamples:\n  howdah db server check company\n\nChanges nothing. Fails when sites can't use the server.")
    .action((name: string) => {
      choose(async (context) => {
        const { checkServer } = await import("../../workflows/database-server/check-server.ts");
        const { server: checked, failure } = await checkServer(name, await context.ports());
        if (failure === undefined || context.flags.output !== "json") answer(checked, () => checkedServer(checked), context);
        if (failure !== undefined) throw failure;
        return 0;
      });
    });
}

function remove(server: Command, choose: Choose): void {
  server
    .command("rm")
    .argument("<name>", NAME)
    .summary("forget a server on which no databases of sites are; the server itself is left alone")
    .option("-y, --yes", "do it without asking", false)
    .addHelpText("after", "\nExamples:\n  howdah db server rm company --yes")
    .action((name: string, flags: { readonly yes: boolean }) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { removeServer } = await import("../../workflows/database-server/remove-server.ts");
          await confirm(`Forget the database server ${name}, and its administrator's password?`, flags.yes, context);
          await removeServer(name, ports, engine);
          answer({ name, removed: true }, () => `${name} is forgotten.\n`, context);
          return 0;
        }),
      );
    });
}

function answer(value: object, words: () => string, context: CliContext): void {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(value, null, 2)}\n` : words());
}

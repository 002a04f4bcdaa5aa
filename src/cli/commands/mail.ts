import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports, SiteRecord } from "../../workflows/ports.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { mailTable, mailText } from "../report/print-mails.ts";
import { secondsFrom } from "../seconds-from.ts";
import { type ClusterFlags, clusterOptions, siteWhereItRuns } from "./cluster-options.ts";

const NAME = "the environment: NAME with its site, or SITE--NAME";
const SITE = "name of the site that runs here, its directory or its file (default: any that has one of that name)";
const MOST_WAIT_SECONDS = 3600;

/** `howdah mail`: what environments sent, which went nowhere. */
export function mailCommand(program: Command, choose: Choose): void {
  const mail = program
    .command("mail")
    .summary("mails that environments sent, and that were caught: ls, show, clear, open")
    .description(
      "What an environment sends by mail goes nowhere: it is caught, and shown here and in the environment's web view. The newest 1,000 mails of 14 days are kept, 200 MiB at most.",
    );
  list(mail, choose);
  show(mail, choose);
  clear(mail, choose);
  open(mail, choose);
}

/** Which environment, and where it runs. */
interface Meant {
  readonly name: string;
  readonly site: string | undefined;
  readonly flags: ClusterFlags;
}

/** Finds it, here or on a cluster, where SITE--NAME is its namespace, and does something with it. */
async function inEnvironment(
  meant: Meant,
  context: CliContext,
  work: (record: SiteRecord, ports: Ports, engine: EngineContext) => Promise<number>,
): Promise<number> {
  const { record, ports } = await siteWhereItRuns(await namespaceOf(meant, context), meant.flags, context);
  return await work(record, ports, { emit: () => undefined, signal: context.signal });
}

async function namespaceOf({ name, site, flags }: Meant, context: CliContext): Promise<string> {
  if (flags.context !== undefined || flags.namespace !== undefined) return site === undefined ? name : `${site}--${name}`;
  const { requireEnvironment } = await import("../../workflows/environment/environment.ts");
  const { findRecord } = await import("../../workflows/find-record.ts");
  const ports = await context.ports();
  const of = site === undefined ? undefined : (await findRecord(site, context.directory, ports)).namespace;
  return (await requireEnvironment(name, of, ports)).namespace;
}

interface ListFlags extends ClusterFlags {
  readonly subject?: string;
  readonly waitFor?: string;
  readonly timeout: string;
}

function list(mail: Command, choose: Choose): void {
  const command = mail
    .command("ls")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("list them, the newest first; or wait for one")
    .option("--subject <text>", "only those with this text in their subject, in any case")
    .option("--wait-for <subject>", "wait until there is one with this text in its subject")
    .option("--timeout <duration>", "with --wait-for: how long", "30s")
    .addHelpText(
      "after",
      '\nExamples:\n  howdah mail ls review shop\n  howdah mail ls shop--review --output json\n  howdah mail clear review --yes && ./register-a-user && howdah mail ls review --wait-for "Welcome" --timeout 30s\n\nA mail that was there before is found, too: `howdah mail clear` before.',
    )
    .action((name: string, site: string | undefined, flags: ListFlags) => {
      choose((context) => {
        const waitSeconds = flags.waitFor === undefined ? 0 : secondsFrom(flags.timeout, "--timeout");
        if (waitSeconds > MOST_WAIT_SECONDS) throw new HowdahError("usage/invalid", "--timeout is an hour at most");
        return inEnvironment({ name, site, flags }, context, async (record, ports, engine) => {
          const { listMails } = await import("../../workflows/mail/list-mails.ts");
          const mails = await listMails(record, { subject: flags.waitFor ?? flags.subject ?? "", waitSeconds }, ports, engine);
          context.terminal.out(context.terminal.output === "json" ? `${JSON.stringify(mails, null, 2)}\n` : mailTable(mails));
          return 0;
        });
      });
    });
  clusterOptions(command);
}

function show(mail: Command, choose: Choose): void {
  const command = mail
    .command("show")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("print one")
    .option("--id <id>", "which one, as `ls` prints it", "newest")
    .option("--raw", "as it was sent, attachments and all", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah mail show review\n  howdah mail show review shop --id 20261122T205719.581011-c50064e3\n  howdah mail show shop--review --output json\n  howdah mail show review --raw > mail.eml",
    )
    .action((name: string, site: string | undefined, flags: ClusterFlags & { readonly id: string; readonly raw: boolean }) => {
      choose((context) =>
        inEnvironment({ name, site, flags }, context, async (record, ports, engine) => {
          const { copyMail, readMail } = await import("../../workflows/mail/read-mail.ts");
          if (flags.raw) {
            await copyMail(record, { id: flags.id, to: context.stdout }, ports, engine);
            return 0;
          }
          const found = await readMail(record, flags.id, ports, engine);
          context.terminal.out(context.terminal.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : mailText(found));
          return 0;
        }),
      );
    });
  clusterOptions(command);
}

function clear(mail: Command, choose: Choose): void {
  const command = mail
    .command("clear")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("delete all of them")
    .option("-y, --yes", "don't ask", false)
    .addHelpText("after", "\nExamples:\n  howdah mail clear review\n  howdah mail clear review --yes")
    .action((name: string, site: string | undefined, flags: ClusterFlags & { readonly yes: boolean }) => {
      choose((context) =>
        inEnvironment({ name, site, flags }, context, async (record, ports, engine) => {
          const { clearMails } = await import("../../workflows/mail/clear-mails.ts");
          await confirm(`Delete all mails of ${record.namespace}?`, flags.yes, context);
          const deleted = await clearMails(record, ports, engine);
          context.terminal.out(context.terminal.output === "json" ? `${JSON.stringify({ deleted })}\n` : `${String(deleted)} deleted\n`);
          return 0;
        }),
      );
    });
  clusterOptions(command);
}

function open(mail: Command, choose: Choose): void {
  const command = mail
    .command("open")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("wake the environment if it sleeps, and print the address of its mails")
    .addHelpText("after", '\nExamples:\n  howdah mail open review shop\n  xdg-open "$(howdah mail open shop--review)"')
    .action((name: string, site: string | undefined, flags: ClusterFlags) => {
      choose((context) =>
        inEnvironment({ name, site, flags }, context, async (record, ports, engine) => {
          const { mailUrl } = await import("../../workflows/mail/mail-url.ts");
          const { wakeSite } = await import("../../workflows/idle/wake-site.ts");
          const url = mailUrl(record);
          await wakeSite(record, ports, engine);
          context.terminal.out(context.terminal.output === "json" ? `${JSON.stringify({ url })}\n` : `${url}\n`);
          return 0;
        }),
      );
    });
  clusterOptions(command);
}

import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { table } from "../report/table.ts";
import { withReporter } from "./with-reporter.ts";

const SITE = "the site's name (it need not run yet)";

/** `howdah secret`: values that a site file refers to, and never holds. */
export function secretCommand(program: Command, choose: Choose): void {
  const secret = program
    .command("secret")
    .summary("values that a site file refers to: set, ls, rm, rotate")
    .description(
      "Values that a site file refers to as `{secret: NAME/KEY}`. They reach the site at the next `howdah up`, and are never printed.",
    );
  secret
    .command("set")
    .argument("<site>", SITE)
    .argument("<name>", "NAME or NAME/KEY")
    .summary("store a value, read from standard input")
    .addHelpText(
      "after",
      '\nExamples:\n  printf %s "$SMTP_PASSWORD" | howdah secret set blog smtp/password\n  howdah secret set blog tls/tls.key < privkey.pem',
    )
    .action((site: string, name: string) => {
      choose(async (context) => {
        const { setSecret } = await import("../../workflows/secrets/site-secrets.ts");
        const ports = await context.ports();
        if (context.terminal.interactive) context.terminal.err("Type the value, then Ctrl-D:\n");
        await setSecret(site, name, await text(addAbortSignal(context.signal, context.stdin)), ports);
        return done({ site, name, stored: true }, `${name} is stored; \`howdah up\` brings it to ${site}.`, context);
      });
    });
  secret
    .command("ls")
    .argument("<site>", SITE)
    .summary("list names and keys, never values")
    .addHelpText("after", "\nExamples:\n  howdah secret ls blog")
    .action((site: string) => {
      choose(async (context) => {
        const { listSecrets } = await import("../../workflows/secrets/site-secrets.ts");
        const secrets = await listSecrets(site, await context.ports());
        context.terminal.out(
          context.flags.output === "json"
            ? `${JSON.stringify(secrets, null, 2)}\n`
            : secrets.length === 0
              ? `${site} has no secrets\n`
              : table(secrets.map(({ name, keys }) => [name, keys.join(", ")])),
        );
        return 0;
      });
    });
  secret
    .command("rm")
    .argument("<site>", SITE)
    .argument("<name>", "NAME or NAME/KEY")
    .summary("delete a value")
    .addHelpText("after", "\nExamples:\n  howdah secret rm blog smtp")
    .action((site: string, name: string) => {
      choose(async (context) => {
        const { removeSecret } = await import("../../workflows/secrets/site-secrets.ts");
        await removeSecret(site, name, await context.ports());
        return done({ site, name, removed: true }, `${name} is deleted.`, context);
      });
    });
  secret
    .command("rotate")
    .argument("<site>", "the site's name")
    .argument("<name>", "`database`, or a variable that Howdah generated")
    .summary("give a value of Howdah's making another one, while the site serves")
    .option("-y, --yes", "agree that what a generated value has signed or encrypted is lost", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah secret rotate blog database\n  howdah secret rotate shop APP_KEY --yes\n\nThe database takes both passwords until every pod has the new one. Cut off, the same command finishes it.",
    )
    .action((site: string, name: string, flags: { readonly yes: boolean }) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { rotateSecret } = await import("../../workflows/secrets/rotate-secret.ts");
          if (name !== "database" && !flags.yes)
            throw new HowdahError("usage/invalid", `What ${name} has signed or encrypted can't be read with another value`, {
              hint: "Say --yes to go on.",
            });
          const { release } = await rotateSecret(await findRecord(site, context.directory, ports), name, ports, engine);
          return done({ site, name, rotated: true, release }, `${name} of ${site} has a new value; ${release} serves with it.`, context);
        }),
      );
    });
}

function done(answer: object, words: string, context: CliContext): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(answer)}\n` : `${words}\n`);
  return 0;
}

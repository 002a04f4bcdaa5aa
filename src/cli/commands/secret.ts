import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { table } from "../report/table.ts";

const SITE = "the site's name (it need not run yet)";

/** `howdah secret`: values that a site file refers to, and never holds. */
export function secretCommand(program: Command, choose: Choose): void {
  const secret = program
    .command("secret")
    .summary("values that a site file refers to: set, ls, rm")
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
}

function done(answer: object, words: string, context: CliContext): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(answer)}\n` : `${words}\n`);
  return 0;
}

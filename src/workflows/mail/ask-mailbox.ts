import { PassThrough, Readable, type Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { catchesMail, MAIL_PATHS } from "../../render/mail/caught-mail.ts";
import { lastLines } from "../database/last-lines.ts";
import { phpTarget } from "../php-target.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";

/** The environment whose mailbox it is. */
type Whose = Pick<SiteRecord, "site" | "namespace">;

/**
 * Runs the mailbox's program in an environment's PHP container, or in one of its own while it sleeps, and answers what it printed as JSON. Errors:
 * `usage/invalid` for a site that is no environment, or whose image is older than mailboxes.
 */
export async function askMailbox(
  whose: Whose,
  words: readonly string[],
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<unknown> {
  const stdout = new PassThrough();
  const printed = text(stdout);
  await runMailbox(whose, { words, stdout }, ports, context).finally(() => stdout.end());
  return JSON.parse(await printed) as unknown;
}

/** The same for an answer that is no JSON. */
export async function runMailbox(
  { site, namespace }: Whose,
  { words, stdout }: { readonly words: readonly string[]; readonly stdout: Writable },
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<void> {
  requireMailbox({ site, namespace });
  const target = phpTarget(site, namespace);
  const said = lastLines();
  // Nothing that the site prepends may run here.
  const argv = ["/usr/bin/php", "-d", "auto_prepend_file=", MAIL_PATHS.ask, ...words];
  const request = { argv, stdin: "none", stdout, stderr: said.stream } as const;
  const code = await ports.engine.exec(target, request, context).catch(async (error: unknown) => {
    if (!(error instanceof HowdahError && error.code === "engine/not-ready")) throw error;
    // Bytes need a connection: what a pod of its own says on a cluster comes as lines of a log.
    return await ports.engine.runOnce(target, { ...request, stdin: Readable.from([]) }, context);
  });
  if (code === 0) return;
  throw new HowdahError(
    "usage/invalid",
    `The mailbox of ${namespace} can't be read: ${said.lines().at(-1) ?? `exit code ${String(code)}`}`,
    {
      output: said.lines(),
      hint: "An image that a former Howdah built has no mailbox: `howdah deploy` builds the site's anew, `howdah env reset` takes it over.",
    },
  );
}

/** Error: `usage/invalid` for a site whose mails are its own business. */
export function requireMailbox({ site, namespace }: Whose): void {
  if (catchesMail(site)) return;
  const why = site.preview === undefined ? "it is no environment" : "it has no PHP";
  throw new HowdahError("usage/invalid", `Mails of ${namespace} are not caught: ${why}`, {
    hint: "`howdah env create` makes an environment, whose mails are.",
  });
}

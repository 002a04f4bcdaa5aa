import type { Writable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { askMailbox, runMailbox } from "./ask-mailbox.ts";
import type { CaughtMail } from "./caught-mail.ts";
import { listMails } from "./list-mails.ts";

/** One mail by its name, or `newest`. Error: `mail/unknown`. */
export async function readMail(
  record: Pick<SiteRecord, "site" | "namespace">,
  id: string,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<CaughtMail> {
  const name = id === "newest" ? (await listMails(record, { subject: "", waitSeconds: 0 }, ports, context))[0]?.id : id;
  const found = name === undefined ? null : ((await askMailbox(record, ["show", name], ports, context)) as CaughtMail | null);
  if (found !== null) return found;
  throw new HowdahError(
    "mail/unknown",
    name === undefined ? `${record.namespace} has sent no mail` : `${record.namespace} has no mail ${JSON.stringify(id)}`,
  );
}

/** The same as it was sent. */
export async function copyMail(
  record: Pick<SiteRecord, "site" | "namespace">,
  { id, to }: { readonly id: string; readonly to: Writable },
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<void> {
  const mail = await readMail(record, id, ports, context);
  await runMailbox(record, { words: ["raw", mail.id], stdout: to }, ports, context);
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { askMailbox } from "./ask-mailbox.ts";
import type { MailSummary } from "./caught-mail.ts";

/** Which mails, and whether to wait for one. */
export interface MailQuery {
  /** A part of the subject, in any case; empty: all. */
  readonly subject: string;
  /** Wait so long until there is one; 0: answer what there is. */
  readonly waitSeconds: number;
}

/** What an environment has sent, the newest first. Errors: `mail/not-arrived` when it was waited for, those of asking. */
export async function listMails(
  record: Pick<SiteRecord, "site" | "namespace">,
  { subject, waitSeconds }: MailQuery,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<readonly MailSummary[]> {
  const words = waitSeconds > 0 ? ["wait", String(waitSeconds), subject] : ["list", subject];
  const found = (await askMailbox(record, words, ports, context)) as readonly MailSummary[];
  if (waitSeconds === 0 || found.length > 0) return found;
  throw new HowdahError(
    "mail/not-arrived",
    `${record.namespace} sent no mail with ${JSON.stringify(subject)} in its subject within ${String(waitSeconds)} s`,
  );
}

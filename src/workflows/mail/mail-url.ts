import { MAIL_VIEW } from "../../render/mail/caught-mail.ts";
import type { SiteRecord } from "../ports.ts";
import { requireMailbox } from "./ask-mailbox.ts";

/** The address of an environment's web view of its mails. Error: that of asking a site that is no environment. */
export function mailUrl(record: Pick<SiteRecord, "site" | "namespace" | "url">): string {
  requireMailbox(record);
  return new URL(MAIL_VIEW, record.url).href;
}

import type { CaughtMail, MailSummary } from "../../workflows/mail/caught-mail.ts";
import { table } from "./table.ts";
import { terminalText } from "./terminal-text.ts";

/** A line for each mail. */
export function mailTable(mails: readonly MailSummary[]): string {
  if (mails.length === 0) return "No mail.\n";
  return table(mails.map(({ id, from, to, subject }) => [id, from, to.join(", "), subject === "" ? "(no subject)" : subject]));
}

/** A whole mail as people read it: its text, or that it is HTML alone. */
export function mailText(mail: CaughtMail): string {
  const facts: readonly (readonly [string, string])[] = [
    ["Subject", mail.subject],
    ["From", mail.from],
    ["To", mail.to.join(", ")],
    ["Reply to", mail.replyTo],
    ["Received", mail.received],
    ["Sent by", mail.by],
    ...mail.attachments.map(({ name, type, bytes }) => ["Attachment", `${name} (${type}, ${String(bytes)} bytes)`] as const),
  ];
  const body = mail.text ?? mail.html;
  const lines = (body ?? "").split(/\r?\n/).map(terminalText);
  return `${table(facts.filter(([, fact]) => fact !== ""))}\n${lines.join("\n").trimEnd()}\n`;
}

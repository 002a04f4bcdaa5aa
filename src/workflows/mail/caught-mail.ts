/** One mail that an environment sent, as a list has it. Texts are a stranger's. */
export interface MailSummary {
  readonly id: string;
  /** RFC 3339. */
  readonly received: string;
  readonly from: string;
  /** Whom it was sent to, whatever its headers say. */
  readonly to: readonly string[];
  readonly subject: string;
  /** How it was sent: `mail()`, `sendmail`, `smtp`. */
  readonly by: string;
  readonly bytes: number;
}

/** A whole one. */
export interface CaughtMail extends MailSummary {
  /** The address that answers go to when it can't be delivered. */
  readonly sender: string;
  readonly replyTo: string;
  /** As its header has it. */
  readonly date: string;
  readonly text: string | null;
  readonly html: string | null;
  readonly attachments: readonly { readonly number: number; readonly name: string; readonly type: string; readonly bytes: number }[];
}

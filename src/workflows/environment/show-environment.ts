import { ACCESS_SECRET } from "../../kernel/own-names.ts";
import { catchesMail, MAIL_VIEW } from "../../render/mail/caught-mail.ts";
import type { Ports } from "../ports.ts";
import { ACCESS_USER } from "./access-password.ts";
import type { EnvironmentRecord } from "./environment.ts";
import { type ListedEnvironment, listEnvironments } from "./list-environments.ts";

/** Everything about one environment that its people need. */
export interface ShownEnvironment extends ListedEnvironment {
  readonly user: string;
  /** What browsers are asked for; null: they are not asked. */
  readonly password: string | null;
  readonly hostnames: readonly string[];
  /** Servers that it may connect to. */
  readonly allow: readonly string[];
  /** Where its mails are shown; null: it has no PHP, or never ran. */
  readonly mailUrl: string | null;
}

/** Looks at one, with its size on the disk. */
export async function showEnvironment({ namespace, of, wishes }: EnvironmentRecord, ports: Ports): Promise<ShownEnvironment> {
  const listed = (await listEnvironments(of, { sizes: true }, ports)).find((one) => one.namespace === namespace);
  if (listed === undefined) throw new TypeError(`${namespace} went while it was looked at`);
  const record = await ports.records.get(namespace);
  const site = record?.site;
  const password = wishes.password ? (await ports.secrets.get(namespace, ACCESS_SECRET))?.["password"] : undefined;
  return {
    ...listed,
    ...{ user: ACCESS_USER, password: password?.reveal() ?? null },
    ...{ hostnames: site?.hostnames ?? [], allow: site?.preview?.allow ?? [] },
    mailUrl: record !== undefined && catchesMail(record.site) ? new URL(MAIL_VIEW, record.url).href : null,
  };
}

import { MAIL_PORTS } from "../environment-mail.ts";
import { finding, type Rule } from "./rule.ts";

/** SMTP's, with TLS from the beginning too. */
const PORTS: ReadonlySet<number> = new Set([...MAIL_PORTS, 465]);

/** Copies that reach a mail server write to customers. */
const mailsAreCaught: Rule = ({ spec }) => {
  const allow = spec.environments?.allow ?? [];
  return allow.flatMap((target, index) => {
    const port = spec.relationships[target]?.port ?? Number(target.split(":").at(-1));
    if (!PORTS.has(port)) return [];
    const message = `\`${target}\` is a mail server: environments send no mail, what they send is caught`;
    const hint = "Leave it out. `howdah mail ls` shows what an environment sent.";
    return [finding("error", "site/environment-mail", ["environments", "allow", index], { message, hint })];
  });
};

/** What copies for development and review may do. */
export const environmentRules: readonly Rule[] = [mailsAreCaught];

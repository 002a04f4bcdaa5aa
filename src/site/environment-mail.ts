import type { Site, Variable } from "./site.ts";

/** Ports on the loopback of an environment's containers where mails are caught: those of SMTP without TLS, and one that needs no privilege anywhere. */
export const MAIL_PORTS: readonly number[] = [25, 587, 1025, 2525];

const HOST = "127.0.0.1";
const PORT = "1025";

/** What applications commonly read, whether the site file knows it or not: Symfony's, Laravel's, and what people choose. */
const CONVENTION: Readonly<Record<string, string>> = {
  MAILER_DSN: `smtp://${HOST}:${PORT}?auto_tls=false`,
  MAIL_MAILER: "smtp",
  MAIL_HOST: HOST,
  MAIL_PORT: PORT,
  SMTP_HOST: HOST,
  SMTP_PORT: PORT,
};

/** What would make an application insist on TLS, or ask for production's password: replaced where the site has it. */
const WHERE_THERE: readonly (readonly [RegExp, string])[] = [
  [/^(MAIL|MAILER|SMTP)_URL$/, `smtp://${HOST}:${PORT}`],
  [/^SMTP_(DSN)$/, `smtp://${HOST}:${PORT}?auto_tls=false`],
  [/^(MAIL|MAILER|SMTP)_(SERVER|RELAY)$/, HOST],
  [/^MAIL_SCHEME$/, "smtp"],
  [/^(MAIL|MAILER|SMTP)_(SECURE|ENCRYPTION|CRYPTO|TLS|SSL)$/, ""],
  [/^(MAIL|MAILER|SMTP)_(USER|USERNAME|PASS|PASSWORD)$/, "caught"],
];

/** Variables that lead an application's mails to where they are caught. They take the place of production's, secrets among them. */
export function mailVariables({ variables }: Pick<Site, "variables">): Readonly<Record<string, string>> {
  const there = variables.flatMap(({ name }) => {
    const [, value] = WHERE_THERE.find(([pattern]) => pattern.test(name)) ?? [];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...CONVENTION, ...Object.fromEntries(there) };
}

const NAME = /^(?=.{1,253}$)(?!\d+(\.\d+){3}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;
const OF_MAIL = /(^|[-_])(smtp|mail|mailer|mta)([-_]|$)/i;
const LEADS_SOMEWHERE = /(HOST|SERVER|RELAY|SMTP|DSN|URL)$/;

/**
 * Names of the mail servers that production's site file knows: relationships and variables. In an environment they are names of the loopback, so that an
 * application that has one written elsewhere, such as in its database, meets who catches its mails. Servers that the environment may reach keep theirs.
 */
export function mailHosts(site: Pick<Site, "relationships" | "variables">, allowed: readonly string[]): string[] {
  const related = site.relationships
    .filter(({ name, port }) => OF_MAIL.test(name) || [...MAIL_PORTS, 465].includes(port))
    .map(({ host }) => host);
  const open = new Set(allowed.map((target) => target.replace(/:\d+$/, "")));
  const named = [...related, ...site.variables.flatMap(hostsOfVariable)].map((host) => host.toLowerCase());
  return [...new Set(named)].filter((host) => NAME.test(host) && !open.has(host)).toSorted();
}

function hostsOfVariable(variable: Variable): string[] {
  if (variable.from !== "literal" || !OF_MAIL.test(variable.name) || !LEADS_SOMEWHERE.test(variable.name)) return [];
  const [, url, plain] = /^(?:smtps?:\/\/(?:[^@/]*@)?([^/:?#]+).*|([^/@:]+)(?::\d+)?)$/.exec(variable.value) ?? [];
  const host = url ?? plain;
  return host === undefined ? [] : [host];
}

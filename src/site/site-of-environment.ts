import { defaultMaxChildren } from "./defaults.ts";
import { mailHosts, mailVariables } from "./environment-mail.ts";
import { type DeclaredEnvironments, defaultEnvironments } from "./schema/environments.ts";
import { secondsOf } from "./resolving/quantity.ts";
import type { Preview, Site, Variable } from "./site.ts";

/** The name of an environment: a DNS label without a double hyphen, and short, since it is a part of others. */
export const ENVIRONMENT_NAME = /^[a-z0-9](?:-?[a-z0-9]){0,23}$/;

/** Names of containers and labels hold so many characters. */
const LONGEST_NAME = 54;

/** The name of an environment among all sites. Undefined when it would be too long, or is none. */
export function nameOfEnvironment(site: string, environment: string): string | undefined {
  const name = `${site}--${environment}`;
  return ENVIRONMENT_NAME.test(environment) && name.length <= LONGEST_NAME ? name : undefined;
}

/** The terms of a site's environments. */
export function environmentTerms({ environments }: Pick<Site, "environments">): DeclaredEnvironments {
  return environments ?? defaultEnvironments;
}

/**
 * A branch's site as an environment of the site that serves: what the branch changes of code and configuration holds, but not who it is. Its name, hostnames
 * and the terms of environments are those of production's file: whoever may push a branch may not open the way out, or take a password away.
 */
export function branchOf(production: Site, branch: Site): Site {
  const { name, hostnames, tls } = production;
  const terms = environmentTerms(production);
  return { ...branch, name, hostnames, tls, environments: { ...terms, allow: allowed(production, terms.allow) } };
}

/** What is different about one environment. */
export interface EnvironmentWishes {
  readonly name: string;
  /** In the place of the pattern's. */
  readonly hostname: string | null;
  readonly size: DeclaredEnvironments["size"];
  readonly php: Exclude<Site["runtime"], null>["php"] | null;
  readonly variables: Readonly<Record<string, string>>;
  readonly password: boolean;
  readonly idleSeconds: number | null;
  readonly data: Preview["data"];
}

const MIB = 1024 ** 2;
const SIZES: Readonly<Record<DeclaredEnvironments["size"], { readonly php: number | null; readonly database: number }>> = {
  small: { php: 256 * MIB, database: 256 * MIB },
  medium: { php: 512 * MIB, database: 512 * MIB },
  large: { php: 1024 * MIB, database: 1024 * MIB },
  production: { php: null, database: 1024 * MIB },
};

/** Seconds after which an environment that nobody visits sleeps; null: never. */
export function idleSecondsOf({ idle }: Pick<DeclaredEnvironments, "idle">): number | null {
  return idle === "never" ? null : secondsOf(idle);
}

/**
 * A site as one of its environments: the same code and configuration, with a name, hostname, network, secrets and a database server of its own, smaller, and
 * kept from the world. One of everything: nothing of it need be there while it is replaced.
 */
export function siteOfEnvironment(site: Site, wishes: EnvironmentWishes): Site {
  const terms = environmentTerms(site);
  const { php, database: databaseBytes } = SIZES[wishes.size];
  const memoryBytes = php ?? site.scale.memoryBytes;
  const { environments: _terms, tenant: _tenant, ...own } = site;
  return {
    ...own,
    name: `${site.name}--${wishes.name}`,
    environment: wishes.name,
    runtime: runtimeOf(site.runtime, wishes, memoryBytes),
    database: databaseOf(site.database),
    variables: withVariables(site.variables, { ...mailVariables(site), ...literals(terms.variables), ...wishes.variables }),
    crons: terms.crons ? site.crons : [],
    workers: site.workers.map((worker) => ({ ...worker, replicas: Math.min(worker.replicas, 1) })),
    // What a cache keeps must not be shown to whoever knows no password.
    web: wishes.password ? { ...site.web, microcache: null } : site.web,
    hostnames: [wishes.hostname ?? hostnameOf(site, wishes.name)],
    tls: site.tls.mode === "off" ? site.tls : { mode: "local" },
    scale: {
      ...{ replicas: 1, memoryBytes, cpu: site.scale.cpu },
      idle: wishes.idleSeconds === null ? null : { afterSeconds: wishes.idleSeconds, wakes: "people" },
    },
    rollout: { ...site.rollout, strategy: "rolling" },
    releases: { keep: 3 },
    preview: {
      ...{ of: site.name, databaseBytes, data: wishes.data, password: wishes.password },
      allow: allowed(site, terms.allow),
      mailHosts: mailHosts(site, allowed(site, terms.allow)),
    },
  };
}

/** The hostname that the pattern gives. */
export function hostnameOf(site: Site, environment: string): string {
  const main = (site.hostnames[0] ?? `${site.name}.localhost`).replace(/^\*\./, "");
  return environmentTerms(site)
    .hostname.replaceAll("{environment}", environment)
    .replaceAll("{site}", site.name)
    .replaceAll("{hostname}", main);
}

function runtimeOf(runtime: Site["runtime"], { php }: EnvironmentWishes, memoryBytes: number): Site["runtime"] {
  if (runtime === null) return null;
  const maxChildren = Math.min(runtime.fpm.maxChildren, defaultMaxChildren(memoryBytes));
  return { ...runtime, php: php ?? runtime.php, fpm: { ...runtime.fpm, maxChildren } };
}

/** Its server is its own: which one production is on, and what bounds it there, means nothing here. */
function databaseOf(database: Site["database"]): Site["database"] {
  if (database === null) return null;
  const { type, version, charset, collation } = database;
  return { type, version, charset, collation };
}

function literals(values: DeclaredEnvironments["variables"]): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

function withVariables(variables: Site["variables"], own: Readonly<Record<string, string>>): Site["variables"] {
  const set = Object.entries(own).map(([name, value]): Variable => ({ name, from: "literal", value }));
  return [...variables.filter(({ name }) => !Object.hasOwn(own, name)), ...set].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Relationships by their names; the own server is reached anyway. */
function allowed({ relationships }: Site, allow: readonly string[]): string[] {
  const named = new Map(relationships.map(({ name, host, port }) => [name, `${host}:${String(port)}`]));
  return [...new Set(allow.map((one) => named.get(one) ?? one))].toSorted();
}

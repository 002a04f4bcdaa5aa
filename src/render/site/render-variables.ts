import { unreachable } from "../../kernel/unreachable.ts";
import type { Site, Variable } from "../../site/site.ts";
import type { EnvVar } from "../objects.ts";
import { SESSION_PASSWORD_VARIABLE } from "../sessions/session-server.ts";
import type { RenderInput } from "./render-input.ts";

function fromSecret(name: string, secret: string, key: string): EnvVar {
  return { name, valueFrom: { secretKeyRef: { name: secret, key } } };
}

function databaseValue(variable: Extract<Variable, { from: "database" }>, database: NonNullable<RenderInput["database"]>): EnvVar {
  switch (variable.field) {
    case "host":
      return { name: variable.name, value: database.host };
    case "port":
      return { name: variable.name, value: String(database.port) };
    case "host-port":
      return { name: variable.name, value: `${database.host}:${String(database.port)}` };
    case "name":
      return { name: variable.name, value: database.name };
    case "user":
      return { name: variable.name, value: database.user };
    case "password":
    case "url":
      return fromSecret(variable.name, database.secretName, variable.field);
    default:
      return unreachable(variable.field);
  }
}

function siteValue(field: Extract<Variable, { from: "site" }>["field"], site: Site, url: string): string {
  switch (field) {
    case "name":
      return site.name;
    case "environment":
      return site.environment;
    case "url":
      return url;
    case "hostname":
      return site.hostnames[0] ?? "localhost";
    case "scheme":
      return url.startsWith("https:") ? "https" : "http";
    default:
      return unreachable(field);
  }
}

/** Which scripts run as crons, for configuration presets: an application does such work in visitors' requests when nothing else does it. */
function cronScripts({ crons }: Site): EnvVar[] {
  const scripts = new Set(crons.flatMap(({ argv }) => argv.filter((word) => /^[\w./-]+\.php$/.test(word))));
  return scripts.size === 0 ? [] : [{ name: "HOWDAH_CRONS", value: [...scripts].sort().join(" ") }];
}

/** The environment of PHP, workers and hooks. Secret values are named, never carried. Database variables of a site without one are left out: a rule has said so before. */
export function renderVariables(site: Site, input: RenderInput): EnvVar[] {
  const own = site.variables.flatMap((variable): EnvVar[] => {
    switch (variable.from) {
      case "literal":
        return [{ name: variable.name, value: variable.value }];
      case "secret":
        return [fromSecret(variable.name, variable.secret, variable.key)];
      case "generated":
        return [fromSecret(variable.name, input.generatedSecret, variable.name)];
      case "database":
        return input.database === null ? [] : [databaseValue(variable, input.database)];
      case "site":
        return [{ name: variable.name, value: siteValue(variable.field, site, input.url) }];
      default:
        return unreachable(variable);
    }
  });
  const relations = site.relationships.flatMap(({ name, host, port }) => {
    const prefix = name.toUpperCase().replaceAll("-", "_");
    return [
      { name: `${prefix}_HOST`, value: host },
      { name: `${prefix}_PORT`, value: String(port) },
    ];
  });
  const platform: EnvVar[] = [
    { name: "HOWDAH_SITE", value: site.name },
    { name: "HOWDAH_ENVIRONMENT", value: site.environment },
    { name: "HOWDAH_URL", value: input.url },
    { name: "HOWDAH_HOSTNAMES", value: site.hostnames.join(",") },
    ...cronScripts(site),
    // Imagick allocates outside memory_limit; read once when PHP starts (runtime.md 9.2).
    { name: "MAGICK_MEMORY_LIMIT", value: "256MiB" },
    { name: "MAGICK_MAP_LIMIT", value: "256MiB" },
    { name: "HOME", value: "/tmp" },
    ...(input.sessions == null ? [] : [fromSecret(SESSION_PASSWORD_VARIABLE, input.sessions.secretName, "password")]),
  ];
  const taken = new Set(own.map(({ name }) => name));
  return [...platform, ...relations]
    .filter(({ name }) => !taken.has(name))
    .concat(own)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

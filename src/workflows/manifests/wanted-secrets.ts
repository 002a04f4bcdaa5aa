import { DATABASE_SECRET, GENERATED_SECRET, SESSIONS_SECRET } from "../../kernel/own-names.ts";
import { sessionUsersInWords } from "../../render/sessions/session-server.ts";
import type { Site } from "../../site/site.ts";

/** A Secret that objects name and that nobody prints: somebody must make it. */
export interface WantedSecret {
  readonly name: string;
  readonly type: "Opaque" | "kubernetes.io/dockerconfigjson";
  /** Sorted by name. */
  readonly keys: readonly { readonly key: string; readonly what: string; readonly optional?: true }[];
}

const units = {
  hex: "bytes in hexadecimal",
  base64: "bytes in base64",
  laravel: "bytes in base64, after `base64:`",
  alphanumeric: "letters and digits",
} as const;

/** The Secrets that a site's objects name, sorted, with what each key is. `sessions`: whether it has a server for them. */
export function wantedSecrets(site: Site, pullSecret: string | null, sessions: boolean): readonly WantedSecret[] {
  const found = new Map<string, Map<string, { readonly what: string; readonly optional?: true }>>();
  const want = (name: string, key: string, what: string, optional?: true): void => {
    const keys = found.get(name) ?? new Map<string, { readonly what: string }>();
    found.set(name, keys.set(key, { what, ...(optional === undefined ? {} : { optional }) }));
  };
  for (const variable of site.variables) {
    if (variable.from === "secret") want(variable.secret, variable.key, `the variable ${variable.name}`);
    if (variable.from === "generated")
      want(GENERATED_SECRET, variable.name, `random, once: ${String(variable.bytes)} ${units[variable.encoding]}`);
    if (variable.from === "database" && variable.field === "password") want(DATABASE_SECRET, "password", "the database user's password");
    if (variable.from === "database" && variable.field === "url") want(DATABASE_SECRET, "url", "mysql://USER:PASSWORD@HOST:PORT/NAME");
  }
  if (sessions) {
    want(SESSIONS_SECRET, "password", "random: 40 letters and digits");
    want(SESSIONS_SECRET, "users.acl", `two lines with that password in them: ${sessionUsersInWords}`);
  }
  if (site.tls.mode === "secret") {
    want(site.tls.secret, "tls.crt", "the certificate with its chain, PEM");
    want(site.tls.secret, "tls.key", "its key, PEM");
    want(site.tls.secret, "dhparam.pem", "Diffie-Hellman parameters", true);
  }
  const secrets = [...found].map(([name, keys]): WantedSecret => {
    const sorted = [...keys].map(([key, words]) => ({ key, ...words })).sort((a, b) => (a.key < b.key ? -1 : 1));
    return { name, type: "Opaque", keys: sorted };
  });
  const pull: readonly WantedSecret[] =
    pullSecret === null
      ? []
      : [
          {
            name: pullSecret,
            type: "kubernetes.io/dockerconfigjson",
            keys: [{ key: ".dockerconfigjson", what: "who may pull the images" }],
          },
        ];
  return [...secrets, ...pull].sort((a, b) => (a.name < b.name ? -1 : 1));
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import { DATABASE_SECRET, GENERATED_SECRET } from "../../kernel/own-names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { SecretData } from "../../providers/secrets/secret-store.ts";
import type { Site, Variable } from "../../site/site.ts";
import { placeAccess } from "../environment/access-password.ts";
import type { Ports } from "../ports.ts";

function generatedOf(variable: Variable): Extract<Variable, { from: "generated" }>[] {
  return variable.from === "generated" ? [variable] : [];
}

/**
 * Puts every secret that the site names where its engine finds it: generated values are made once and kept.
 * Answers a digest that changes when a value does. A secret that nobody stored is named, with the command that stores it.
 */
export async function prepareSecrets(
  site: Site,
  namespace: string,
  database: Readonly<Record<string, Secret>> | null,
  ports: Ports,
): Promise<string> {
  const generated: Record<string, Secret> = {};
  for (const variable of site.variables.flatMap(generatedOf)) {
    generated[variable.name] = await ports.secrets.getOrGenerate(namespace, GENERATED_SECRET, variable.name, variable);
  }
  const digests = [await ports.engine.putSecret(namespace, GENERATED_SECRET, generated)];
  if (site.preview?.password === true) await placeAccess(namespace, ports);
  if (database !== null) digests.push(await ports.engine.putSecret(namespace, DATABASE_SECRET, database));
  for (const [name, data] of await requireSecrets(site, namespace, ports))
    digests.push(await ports.engine.putSecret(namespace, name, data));
  return digests.join(".");
}

/** The secrets that a person must have stored: asked first, so that nobody waits for images to hear of a missing one. */
export async function requireSecrets(
  site: Site,
  namespace: string,
  ports: Pick<Ports, "secrets">,
): Promise<ReadonlyMap<string, SecretData>> {
  const found = new Map<string, SecretData>();
  for (const [name, keys] of named(site)) {
    const data = await ports.secrets.get(namespace, name);
    const missing = keys.filter((key) => data?.[key] === undefined);
    if (data === undefined || missing.length > 0) {
      throw new HowdahError(
        "site/invalid",
        `The site names the secret ${name}${missing.length > 0 ? ` with ${missing.join(", ")}` : ""}, which is not stored here`,
        {
          hint: `Store it: howdah secret set ${site.name} ${name}/${missing[0] ?? keys[0] ?? "value"} (the value is read from standard input).`,
        },
      );
    }
    found.set(name, data);
  }
  return found;
}

/** Secrets that a person stores: name to the keys that are used. */
function named(site: Site): ReadonlyMap<string, readonly string[]> {
  const keys = new Map<string, string[]>();
  for (const variable of site.variables) {
    if (variable.from === "secret") keys.set(variable.secret, [...(keys.get(variable.secret) ?? []), variable.key]);
  }
  if (site.tls.mode === "secret") keys.set(site.tls.secret, [...(keys.get(site.tls.secret) ?? []), "tls.crt", "tls.key"]);
  return keys;
}

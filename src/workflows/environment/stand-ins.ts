import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { environmentTerms } from "../../site/site-of-environment.ts";
import type { Site } from "../../site/site.ts";
import type { Ports } from "../ports.ts";

/** A secret that a person gave for an environment. */
export interface GivenSecret {
  readonly name: string;
  readonly key: string;
  readonly value: Secret;
}

/** A stand-in that is generated. */
const GENERATED = { bytes: 32, encoding: "alphanumeric" } as const;

/**
 * Puts into an environment's own store what stands in for production's secrets: what a person gave, then what the site file says. Production's store is never
 * asked. A secret that neither says and nobody stored is named, all of them at once, before anything is made. Error: `site/invalid`.
 */
export async function placeSecrets(
  namespace: string,
  production: Site,
  given: readonly GivenSecret[],
  ports: Pick<Ports, "secrets">,
): Promise<void> {
  for (const { name, key, value } of given) await ports.secrets.set(namespace, name, { [key]: value });
  const terms = new Map(Object.entries(environmentTerms(production).secrets).map(([name, one]) => [whole(name), one]));
  const missing: string[] = [];
  for (const variable of production.variables) {
    if (variable.from !== "secret") continue;
    const { secret: name, key } = variable;
    if ((await ports.secrets.get(namespace, name))?.[key] !== undefined) continue;
    const standIn = terms.get(`${name}/${key}`);
    if (standIn === undefined) missing.push(`${name}/${key}`);
    else if ("value" in standIn) await ports.secrets.set(namespace, name, { [key]: new Secret(standIn.value, `${name}/${key}`) });
    else await ports.secrets.getOrGenerate(namespace, name, key, GENERATED);
  }
  if (missing.length === 0) return;
  const names = [...new Set(missing)];
  throw new HowdahError("site/invalid", `An environment gets none of production's secrets, and nothing stands in for ${names.join(", ")}`, {
    hint: `Say what does in \`spec.environments.secrets\`, give it with \`--secret ${names[0] ?? ""}\`, or store it: \`howdah secret set ${namespace} ${names[0] ?? ""}\`.`,
  });
}

/** `smtp` means its key `value`. */
function whole(name: string): string {
  return name.includes("/") ? name : `${name}/value`;
}

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

interface Sources {
  readonly namespace: string;
  readonly production: Site;
  readonly given: readonly GivenSecret[];
}

type FromSecret = Extract<Site["variables"][number], { readonly from: "secret" }>;

/** The secrets that neither a person nor the site file gives and nobody stored, as `NAME/KEY`. */
export async function missingStandIns(
  { namespace, production, given }: Sources,
  { secrets }: { readonly secrets: Pick<Ports["secrets"], "get"> },
): Promise<readonly string[]> {
  const terms = termsOf(production);
  const names = new Set<string>();
  for (const { secret: name, key } of neededBy(production)) {
    const isGiven = terms.has(`${name}/${key}`) || given.some((one) => one.name === name && one.key === key);
    if (!isGiven && (await secrets.get(namespace, name))?.[key] === undefined) names.add(`${name}/${key}`);
  }
  return [...names];
}

/** Names what is missing, all of it at once, before anything is made. Error: `site/invalid`. */
export async function requireStandIns(sources: Sources, ports: Pick<Ports, "secrets">): Promise<void> {
  const names = await missingStandIns(sources, ports);
  const [first] = names;
  if (first === undefined) return;
  throw new HowdahError("site/invalid", `An environment gets none of production's secrets, and nothing stands in for ${names.join(", ")}`, {
    hint: `Say what does in \`spec.environments.secrets\`, give it with \`--secret ${first}\`, or store it: \`howdah secret set ${sources.namespace} ${first}\`.`,
  });
}

/**
 * Puts into an environment's own store what stands in for production's secrets: what a person gave, then what the site file says. Production's store is never
 * asked. The environment is described already, so what a killed command placed has an owner with whom it goes.
 */
export async function placeSecrets({ namespace, production, given }: Sources, { secrets }: Pick<Ports, "secrets">): Promise<void> {
  for (const { name, key, value } of given) await secrets.set(namespace, name, { [key]: value });
  const terms = termsOf(production);
  for (const { secret: name, key } of neededBy(production)) {
    const standIn = terms.get(`${name}/${key}`);
    if (standIn === undefined || (await secrets.get(namespace, name))?.[key] !== undefined) continue;
    if ("value" in standIn) await secrets.set(namespace, name, { [key]: new Secret(standIn.value, `${name}/${key}`) });
    else await secrets.getOrGenerate(namespace, name, key, GENERATED);
  }
}

function neededBy({ variables }: Site): readonly FromSecret[] {
  return variables.filter((variable) => variable.from === "secret");
}

function termsOf(production: Site): ReadonlyMap<string, ReturnType<typeof environmentTerms>["secrets"][string]> {
  return new Map(Object.entries(environmentTerms(production).secrets).map(([name, one]) => [whole(name), one]));
}

/** `smtp` means its key `value`. */
function whole(name: string): string {
  return name.includes("/") ? name : `${name}/value`;
}

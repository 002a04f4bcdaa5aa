import { HowdahError } from "../../kernel/howdah-error.ts";
import { RESERVED_SECRETS } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import type { SecretName } from "../../providers/secrets/secret-store.ts";
import type { Ports } from "../ports.ts";

/** Kubernetes takes no larger Secret. */
const LIMIT = 1024 * 1024;

export type SecretPorts = Pick<Ports, "secrets">;

/** `NAME` or `NAME/KEY`, as site files write it; without a key it is `value`. */
function parts(reference: string): { readonly name: string; readonly key: string | undefined } {
  const [name = "", key, ...more] = reference.split("/");
  if (more.length > 0 || name === "" || key === "")
    throw new HowdahError("usage/invalid", `${JSON.stringify(reference)} is no secret: write NAME or NAME/KEY`);
  if (RESERVED_SECRETS.includes(name)) throw new HowdahError("usage/invalid", `The secret ${name} is Howdah's own: choose another name`);
  return { name, key };
}

/**
 * Stores a value that site files refer to as `{secret: NAME/KEY}`. One line end at the value's end is cut off, since pipes add it.
 * It reaches the site at the next `howdah up`. Errors: `usage/invalid` for a name outside the grammar, an empty value, one over 1 MiB.
 */
export async function setSecret(namespace: string, reference: string, value: string, ports: SecretPorts): Promise<void> {
  const { name, key = "value" } = parts(reference);
  const text = value.replace(/\r?\n$/, "");
  if (text === "") throw new HowdahError("usage/invalid", `The value of ${reference} is empty`);
  if (Buffer.byteLength(text) > LIMIT) throw new HowdahError("usage/invalid", `The value of ${reference} is over 1 MiB`);
  if (text.includes("\0")) throw new HowdahError("usage/invalid", `The value of ${reference} holds a NUL, which no environment can carry`);
  await ports.secrets.set(namespace, name, { [key]: new Secret(text, reference) });
}

/** Names and keys of what people stored, never a value. Howdah's own secrets are left out. */
export async function listSecrets(namespace: string, ports: SecretPorts): Promise<readonly SecretName[]> {
  return (await ports.secrets.list(namespace)).filter(({ name }) => !RESERVED_SECRETS.includes(name));
}

/** Deletes a secret, or one key of it. Pods that run keep what they got until the next `howdah up`. Error: `usage/invalid` when it is not there. */
export async function removeSecret(namespace: string, reference: string, ports: SecretPorts): Promise<void> {
  const { name, key } = parts(reference);
  if (await ports.secrets.remove(namespace, name, key)) return;
  throw new HowdahError("usage/invalid", `There is no secret ${reference}`, { hint: "`howdah secret ls` lists them." });
}

import { createHash, randomBytes } from "node:crypto";
import { ACCESS_SECRET } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import type { Ports } from "../ports.ts";

/** Who browsers say they are. */
export const ACCESS_USER = "preview";

const PASSWORD = { bytes: 20, encoding: "alphanumeric" } as const;

/** The password of an environment, made once. */
export async function accessPassword(namespace: string, { secrets }: Pick<Ports, "secrets">): Promise<Secret> {
  return await secrets.getOrGenerate(namespace, ACCESS_SECRET, "password", PASSWORD);
}

/** Puts the password where nginx reads it: a salted hash. The salt is kept, so that a second call changes nothing. */
export async function placeAccess(namespace: string, ports: Pick<Ports, "secrets" | "engine">): Promise<void> {
  const password = await accessPassword(namespace, ports);
  const made = new Secret(`${ACCESS_USER}:${sshaOf(password)}\n`, "htpasswd");
  const kept = (await ports.secrets.get(namespace, ACCESS_SECRET))?.["htpasswd"];
  if (kept === undefined) await ports.secrets.set(namespace, ACCESS_SECRET, { htpasswd: made });
  await ports.engine.putSecret(namespace, ACCESS_SECRET, { htpasswd: kept ?? made });
}

/** `{SSHA}`, which nginx reads without the system's crypt; the password is random, so a fast hash gives nothing away. */
function sshaOf(password: Secret): string {
  const salt = randomBytes(12);
  const hash = createHash("sha1").update(password.reveal(), "utf8").update(salt).digest();
  return `{SSHA}${Buffer.concat([hash, salt]).toString("base64")}`;
}

/** What a request says that knows it. */
export async function accessHeader(namespace: string, ports: Pick<Ports, "secrets">): Promise<Secret> {
  const password = await accessPassword(namespace, ports);
  return new Secret(`Basic ${Buffer.from(`${ACCESS_USER}:${password.reveal()}`).toString("base64")}`, "authorization");
}

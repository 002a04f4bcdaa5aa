import { Secret } from "../../kernel/secret.ts";

/** How somebody shows a registry who they are. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: Secret }
  /** What some registries give in place of a password (`docker login` with a browser): traded for tokens. */
  | { readonly kind: "identity-token"; readonly token: Secret };

/** What an auth file says about a repository: credentials, or the helper program that has them. */
export type AuthEntry = Credentials | { readonly kind: "helper"; readonly name: string; readonly registry: string };

/**
 * Looks a repository up in an auth file as podman and docker write it (containers-auth.json(5)): the longest entry that is the registry
 * or a path above the repository wins; `credHelpers` go before `auths`, `credsStore` comes last. Undefined when it says nothing.
 * A helper's name is a part of a program's name and therefore only letters, digits, `-`, `_` and `.`.
 */
export function findInAuthFile(text: string, registry: string, path: string): AuthEntry | undefined {
  const file = asRecord(parseJson(text));
  const helpers = asRecord(file["credHelpers"]);
  const keys = keysFor(registry, path);
  const helper = helperName(helpers[registry]);
  if (helper !== undefined) return { kind: "helper", name: helper, registry };
  const auths = new Map(Object.entries(asRecord(file["auths"])).map(([key, entry]) => [plainKey(key), asRecord(entry)] as const));
  for (const key of keys) {
    const found = credentialsOf(auths.get(key) ?? {}, key);
    if (found !== undefined) return found;
  }
  const store = helperName(file["credsStore"]);
  return store !== undefined && keys.some((key) => auths.has(key)) ? { kind: "helper", name: store, registry } : undefined;
}

/** `a/b/c`, `a/b`, `a` below the registry, then the registry itself; docker.io under all of its names. */
function keysFor(registry: string, path: string): readonly string[] {
  const parts = path.split("/");
  const below = parts.map((_, index) => `${registry}/${parts.slice(0, parts.length - index).join("/")}`);
  return [...below, registry, ...(registry === "docker.io" ? ["index.docker.io", "registry-1.docker.io"] : [])];
}

/** Docker writes `https://index.docker.io/v1/` for its own registry, and sometimes a scheme for others. */
function plainKey(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");
}

function credentialsOf(entry: Readonly<Record<string, unknown>>, key: string): Credentials | undefined {
  const { auth, username, password, identitytoken } = entry;
  const origin = `the auth file's entry for ${key}`;
  if (typeof identitytoken === "string" && identitytoken !== "")
    return { kind: "identity-token", token: new Secret(identitytoken, origin) };
  if (typeof username === "string" && typeof password === "string" && username !== "")
    return { kind: "password", username, password: new Secret(password, origin) };
  if (typeof auth !== "string") return undefined;
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  return { kind: "password", username: text.slice(0, colon), password: new Secret(text.slice(colon + 1).replace(/\0+$/, ""), origin) };
}

function helperName(value: unknown): string | undefined {
  return typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(value) ? value : undefined;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a damaged file has no credentials in it; a message with its text would print some
  }
}

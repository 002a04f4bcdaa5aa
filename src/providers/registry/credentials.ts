import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Secret } from "../../kernel/secret.ts";
import { run } from "../process.ts";
import { type Credentials, findInAuthFile } from "./auth-file.ts";

/** Where credentials are looked for. */
export interface CredentialSources {
  /** Auth files, in the order in which they are asked. */
  readonly files: readonly string[];
}

/** podman's and docker's auth files (containers-auth.json(5)): a file that is named stands alone. */
export function authFiles(environment: Readonly<Record<string, string | undefined>>, home: string, uid: number): readonly string[] {
  const named = environment["REGISTRY_AUTH_FILE"] ?? "";
  if (named !== "") return [named];
  const runtime = environment["XDG_RUNTIME_DIR"] ?? "";
  return [
    ...(runtime === ""
      ? [`/run/containers/${String(uid)}/auth.json`]
      : [join(runtime, "containers/auth.json"), `/run/containers/${String(uid)}/auth.json`]),
    join(environment["XDG_CONFIG_HOME"] ?? join(home, ".config"), "containers/auth.json"),
    join(environment["DOCKER_CONFIG"] ?? join(home, ".docker"), "config.json"),
  ];
}

/**
 * Credentials for a repository: from a secret's data (`.dockerconfigjson` as Kubernetes has it, or `username` and `password`), else from the
 * auth files, asking docker's credential helpers where those name one. Undefined when nobody has any: many registries give without.
 */
export async function credentialsFor(
  registry: string,
  path: string,
  sources: CredentialSources,
  secret: Readonly<Record<string, Secret>> | undefined,
): Promise<Credentials | undefined> {
  const given = secret && fromSecret(secret, registry, path);
  if (given !== undefined) return given;
  for (const file of sources.files) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    const found = text === undefined ? undefined : findInAuthFile(text, registry, path);
    if (found === undefined) continue;
    if (found.kind !== "helper") return found;
    const helped = await askHelper(found.name, found.registry);
    if (helped !== undefined) return helped;
  }
  return undefined;
}

function fromSecret(secret: Readonly<Record<string, Secret>>, registry: string, path: string): Credentials | undefined {
  const file = secret[".dockerconfigjson"];
  if (file !== undefined) {
    const found = findInAuthFile(file.reveal(), registry, path);
    return found?.kind === "helper" ? undefined : found;
  }
  const { username, password } = secret;
  return username === undefined || password === undefined ? undefined : { kind: "password", username: username.reveal(), password };
}

/** docker's protocol: the registry on stdin, `{Username, Secret}` on stdout; the user `<token>` means an identity token. */
async function askHelper(name: string, registry: string): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  const input = registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
  const ran = await run([program, "get"], { input, accept: "any", timeoutMs: 30_000 }).catch(() => undefined);
  if (ran?.code !== 0) return undefined;
  try {
    const { Username: username, Secret: value } = JSON.parse(ran.stdout) as { readonly Username?: unknown; readonly Secret?: unknown };
    if (typeof username !== "string" || typeof value !== "string") return undefined;
    const secret = new Secret(value, program);
    return username === "<token>" ? { kind: "identity-token", token: secret } : { kind: "password", username, password: secret };
  } catch {
    return undefined; // what it printed may hold a secret: no message repeats it
  }
}

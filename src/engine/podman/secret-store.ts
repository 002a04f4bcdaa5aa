import { createHmac, randomBytes } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { canonicalJson } from "../../render/rendered.ts";
import type { Names } from "./names.ts";
import type { Podman } from "./podman-cli.ts";
import type { StateStore } from "./state-store.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** Secrets of a machine: files of mode 0600 below the state directory, the source from which podman's and the mounted ones are made. */
export interface SecretStore {
  /** Stores a secret and answers its version: a keyed digest, so that a short password can't be guessed from it. */
  put(namespace: string, name: string, data: Readonly<Record<string, Secret>>): Promise<string>;
  /** Errors: `engine/not-ready` when it was never stored. */
  read(namespace: string, name: string): Promise<{ readonly version: string; readonly data: Readonly<Record<string, Secret>> }>;
  delete(namespace: string, name: string): Promise<void>;
  /** Makes sure that podman has these, for `--secret type=env`; the value never is an argument. Answers each one's version. */
  ensureInPodman(namespace: string, wanted: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Removes podman's copies of a namespace that no container uses any more. */
  prune(namespace: string, isUsed: (podmanName: string) => boolean): Promise<void>;
}

/** Opens the secrets below the state directory. */
export function secretStore(stateDir: string, store: StateStore, names: Names, podman: Podman): SecretStore {
  const directory = (namespace: string): string => join(store.directory(namespace), "secrets");
  const file = (namespace: string, name: string): string => join(directory(namespace), `${safeSecretName(name)}.json`);
  const versionOf = async (values: Readonly<Record<string, string>>): Promise<string> =>
    createHmac("sha256", await digestKey(stateDir))
      .update(canonicalJson(values))
      .digest("hex");
  const readValues = async (namespace: string, name: string): Promise<Record<string, string>> => {
    const path = file(namespace, name);
    const text = await readFile(path, "utf8").catch(() => {
      throw new HowdahError("engine/not-ready", `The secret "${name}" of ${namespace} was never stored`);
    });
    return parsedValues(path, text);
  };
  const read: SecretStore["read"] = async (namespace, name) => {
    const values = await readValues(namespace, name);
    const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, new Secret(value, `${namespace}/${name}/${key}`)]));
    return { version: await versionOf(values), data };
  };
  return {
    read,
    put: async (namespace, name, data) => {
      const values = Object.fromEntries(Object.entries(data).map(([key, secret]) => [key, secret.reveal()]));
      const version = await versionOf(values);
      const before = await readValues(namespace, name).catch(() => undefined);
      if (before === undefined || canonicalJson(before) !== canonicalJson(values)) {
        await writeAtomically(file(namespace, name), JSON.stringify(values), { mode: 0o600 });
      }
      return version;
    },
    delete: (namespace, name) => rm(file(namespace, name), { force: true }),
    ensureInPodman: async (namespace, wanted) => {
      const versions = new Map<string, string>();
      if (wanted.length === 0) return versions;
      const there = new Set((await podman.run(["secret", "ls", "--format", "{{.Name}}"])).stdout.split("\n"));
      for (const name of wanted) {
        const { version, data } = await read(namespace, name);
        versions.set(name, version);
        for (const [key, secret] of Object.entries(data)) {
          const podmanName = names.secret(namespace, name, version, key);
          if (!there.has(podmanName)) await createFrom(podman, directory(namespace), podmanName, secret);
        }
      }
      return versions;
    },
    prune: async (namespace, isUsed) => {
      const { stdout } = await podman.run(["secret", "ls", "--format", "{{.Name}}"]);
      const prefix = names.secretPrefix(namespace);
      const stale = stdout.split("\n").filter((name) => name.startsWith(prefix) && !isUsed(name));
      if (stale.length > 0) await podman.run(["secret", "rm", ...stale], { accept: "any" });
    },
  };
}

/** Podman takes a value from standard input only when that is a FIFO, which Node's pipes are not: hence a file of mode 0600 for a moment. */
async function createFrom(podman: Podman, directory: string, podmanName: string, secret: Secret): Promise<void> {
  const file = join(directory, `.${podmanName}.${randomBytes(4).toString("hex")}`);
  try {
    await writeAtomically(file, secret.reveal(), { mode: 0o600 });
    const { code, lastLines } = await podman.run(["secret", "create", podmanName, file], { accept: "any" });
    // Another command may have been first: the name holds the version, so its value is the same.
    if (code !== 0 && !(await podman.exists("secret", podmanName)))
      throw new HowdahError("machine/tool-failed", `podman can't keep the secret ${podmanName}`, { output: lastLines });
  } finally {
    await rm(file, { force: true });
  }
}

/** Names of the secrets that a namespace has. */
export async function secretNames(store: StateStore, namespace: string): Promise<string[]> {
  const files = await readdir(join(store.directory(namespace), "secrets")).catch(() => []);
  return files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -".json".length));
}

async function digestKey(stateDir: string): Promise<Buffer> {
  const path = join(stateDir, "secret-digest.key");
  const found = await readFile(path).catch(() => undefined);
  if (found !== undefined && found.length === 32) return found;
  await writeAtomically(path, randomBytes(32), { mode: 0o600 });
  return readFile(path);
}

function parsedValues(path: string, text: string): Record<string, string> {
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch (cause) {
    throw new HowdahError("machine/state-unreadable", `${path} is damaged`, { cause });
  }
}

function safeSecretName(name: string): string {
  if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) return name;
  throw new HowdahError("site/invalid", `${JSON.stringify(name)} can't be the name of a secret`);
}

import { constants } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { withFileLock } from "../file-lock.ts";
import { writeAtomically } from "../../host/write-atomically.ts";
import { generateValue } from "./generate-value.ts";
import type { SecretData, SecretName, SecretStore } from "./secret-store.ts";

const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME = /^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$/;
const KEY = /^[A-Za-z0-9_.-]{1,128}$/;

type Values = Record<string, string>;

/**
 * Secrets as files `<stateDir>/secrets/<namespace>/<name>.json`, 0600 in directories 0700: readable by root only, encrypted no
 * more than the disk is. Changes happen under a lock file for each namespace.
 */
export function fileSecretStore(stateDir: string): SecretStore {
  const directoryOf = (namespace: string): string => join(stateDir, "secrets", checked(NAMESPACE, namespace, "namespace"));
  const fileOf = (namespace: string, name: string): string => join(directoryOf(namespace), `${checked(NAME, name, "secret")}.json`);

  async function change<T>(namespace: string, name: string, work: (values: Values, path: string) => Promise<T>): Promise<T> {
    const path = fileOf(namespace, name);
    await mkdir(directoryOf(namespace), { recursive: true, mode: 0o700 });
    return await withFileLock(join(directoryOf(namespace), ".lock"), async () => work((await readValues(path)) ?? {}, path));
  }

  return {
    async get(namespace, name) {
      const values = await readValues(fileOf(namespace, name));
      return values === undefined ? undefined : secrets(values, name);
    },
    async set(namespace, name, data) {
      await change(namespace, name, (values, path) => writeValues(path, { ...values, ...revealed(data) }));
    },
    async getOrGenerate(namespace, name, key, wanted) {
      const path = fileOf(namespace, name);
      const there = (await readValues(path))?.[checked(KEY, key, "key")];
      if (there !== undefined) return new Secret(there, `${name}/${key}`);
      return await change(namespace, name, async (values) => {
        const value = values[key] ?? generateValue(wanted);
        if (values[key] === undefined) await writeValues(path, { ...values, [key]: value });
        return new Secret(value, `${name}/${key}`);
      });
    },
    list: async (namespace) => await listSecrets(directoryOf(namespace)),
    async remove(namespace, name, key) {
      return await change(namespace, name, (values, path) => removeKeys(path, values, key));
    },
  };
}

function checked(grammar: RegExp, value: string, what: string): string {
  if (grammar.test(value)) return value;
  throw new HowdahError("usage/invalid", `${JSON.stringify(value)} can't be the name of a ${what}: it must match ${grammar.source}`);
}

function secrets(values: Values, name: string): SecretData {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, new Secret(value, `${name}/${key}`)]));
}

function revealed(data: SecretData): Values {
  return Object.fromEntries(Object.entries(data).map(([key, secret]) => [checked(KEY, key, "key"), secret.reveal()]));
}

/** Answers whether there was something to remove. A secret without keys has no file. */
async function removeKeys(path: string, values: Values, key: string | undefined): Promise<boolean> {
  const gone = Object.keys(values).filter((one) => key === undefined || one === key);
  if (gone.length === 0) return false;
  const rest = Object.fromEntries(Object.entries(values).filter(([one]) => !gone.includes(one)));
  if (Object.keys(rest).length === 0) await rm(path, { force: true });
  else await writeValues(path, rest);
  return true;
}

async function writeValues(path: string, values: Values): Promise<void> {
  await writeAtomically(path, `${JSON.stringify(values, undefined, 2)}\n`, { mode: 0o600 });
}

/** Symbolic links are not followed: the directory is root's own, and one in it is not ours. */
async function readValues(path: string): Promise<Values | undefined> {
  let text: string;
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      text = await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(path, error);
  }
  return parseValues(path, text);
}

function unreadable(path: string, error: unknown): HowdahError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM") return new HowdahError("machine/needs-root", `May not read ${path}`, { cause: error });
  return new HowdahError("machine/state-unreadable", `The secret ${path} can't be read: ${message}`, { cause: error });
}

/** The parser's own message would quote the text, so it is left out. */
function parseValues(path: string, text: string): Values {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const sound = value !== null && typeof value === "object" && Object.values(value).every((one) => typeof one === "string");
  if (!sound) throw new HowdahError("machine/state-unreadable", `The secret ${path} is damaged`);
  return value as Values;
}

async function listSecrets(directory: string): Promise<SecretName[]> {
  const files = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw unreadable(directory, error);
  });
  const names = files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -".json".length));
  const listed = names.sort().map(async (name) => {
    const values = await readValues(join(directory, `${name}.json`));
    return { name, keys: Object.keys(values ?? {}).sort() };
  });
  return await Promise.all(listed);
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import { COPIED_SECRETS, SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import type { KubeObject, KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { generateValue } from "../secrets/generate-value.ts";
import type { SecretData, SecretStore } from "../secrets/secret-store.ts";

/** Writers that meet are two commands of people: the second looks again. */
const TRIES = 5;

/**
 * Secrets of a cluster's namespaces. A person's are Secrets of the name that the site file says, made by whatever the cluster's people use
 * (`kubectl create secret`, sealed or external secrets). What Howdah makes once and keeps is in Secrets of its own, `howdah-generated`,
 * `howdah-database` and `howdah-session-server`, beside those that the engine puts for pods: nothing else ever writes them, and nothing deletes them but `remove`.
 */
export function clusterSecretStore(api: Pick<KubernetesApi, "get" | "list" | "create" | "mergePatch" | "delete">): SecretStore {
  const nameOf = (namespace: string, name: string): ObjectName => ({
    resource: resources.Secret,
    namespace,
    name: keptAs(namespace, name),
  });

  /** What people put into Howdah's own namespace has the name that they gave it: the account of a database server outside. */
  const personsOwn = async (namespace: string, name: string): Promise<KubeObject | undefined> =>
    namespace === SYSTEM_NAMESPACE ? api.get({ resource: resources.Secret, namespace, name }) : undefined;

  const change = async (namespace: string, name: string, decide: (there: SecretData) => SecretData): Promise<SecretData> => {
    for (let attempt = 1; ; attempt += 1) {
      const found = await api.get(nameOf(namespace, name));
      const there = secretsIn(found, name);
      const added = decide(there);
      if (Object.keys(added).length === 0) return there;
      try {
        if (found === undefined) await api.create(resources.Secret, secretOf(namespace, keptAs(namespace, name), added));
        else {
          const { resourceVersion } = found.metadata;
          await api.mergePatch(nameOf(namespace, name), { metadata: { resourceVersion }, data: encoded(added) });
        }
        return { ...there, ...added };
      } catch (error) {
        if (!(error instanceof HowdahError && error.code === "cluster/conflict") || attempt === TRIES) throw error;
      }
    }
  };

  return {
    get: async (namespace, name) => {
      const found = (await api.get(nameOf(namespace, name))) ?? (await personsOwn(namespace, name));
      return found === undefined ? undefined : secretsIn(found, name);
    },
    set: async (namespace, name, data) => {
      await change(namespace, name, () => data);
    },
    getOrGenerate: async (namespace, name, key, wanted) => {
      const data = await change(namespace, name, (there) =>
        there[key] === undefined ? { [key]: new Secret(generateValue(wanted), `${name}/${key}`) } : {},
      );
      const value = data[key];
      if (value === undefined) throw new TypeError(`${name}/${key} was neither there nor made`);
      return value;
    },
    list: async (namespace) => {
      const { items } = await api.list(resources.Secret, { namespace });
      return items
        .map((item) => ({ name: item.metadata.name, keys: Object.keys(dataOf(item)).sort() }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    remove: async (namespace, name, key) => {
      const found = await api.get(nameOf(namespace, name));
      if (found === undefined || (key !== undefined && dataOf(found)[key] === undefined)) return false;
      const { uid = "", resourceVersion } = found.metadata;
      if (key === undefined || Object.keys(dataOf(found)).length === 1) {
        const version = resourceVersion === undefined ? {} : { resourceVersion };
        return api.delete(nameOf(namespace, name), { preconditions: { uid, ...version } });
      }
      await api.mergePatch(nameOf(namespace, name), { metadata: { resourceVersion }, data: { [key]: null } });
      return true;
    },
  };
}

/** In Howdah's own namespace what it makes itself has a name that says so. */
function keptAs(namespace: string, name: string): string {
  const own = namespace === SYSTEM_NAMESPACE || COPIED_SECRETS.includes(name);
  return own ? `howdah-${name}` : name;
}

function secretOf(namespace: string, name: string, data: SecretData): KubeObject {
  const labels = { "app.kubernetes.io/managed-by": "howdah" };
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace, labels }, type: "Opaque", data: encoded(data) };
}

function encoded(data: SecretData): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value.reveal()).toString("base64")]));
}

function dataOf(object: KubeObject | undefined): Readonly<Record<string, string>> {
  return (object?.["data"] as Record<string, string> | undefined) ?? {};
}

function secretsIn(object: KubeObject | undefined, name: string): SecretData {
  return Object.fromEntries(
    Object.entries(dataOf(object)).map(([key, value]) => [key, new Secret(Buffer.from(value, "base64").toString(), `${name}/${key}`)]),
  );
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { databaseServerSpec } from "../../resources/schema/database-server.ts";
import type { DocumentStore } from "../ports.ts";
import type { DatabaseServerDocument } from "./database-server-document.ts";

/**
 * The DatabaseServers of a cluster, as workflows read them; people write them with kubectl, and the operator their status. A cluster whose CRDs are older
 * has none (a Helm upgrade brings no new ones), and one that the schema does not know is none, as its status says.
 */
export function databaseServerDocuments(api: Pick<KubernetesApi, "get" | "list">): DocumentStore<DatabaseServerDocument> {
  const resource = resources.DatabaseServer;
  return {
    get: async (name) => {
      const found = await unlessUnknown(api.get({ resource, namespace: undefined, name }));
      return found === undefined ? undefined : databaseServerOf(found);
    },
    list: async (prefix = "") => {
      const { items } = (await unlessUnknown(api.list(resource))) ?? { items: [] };
      return items.filter(({ metadata }) => metadata.name.startsWith(prefix)).flatMap((one) => databaseServerOf(one) ?? []);
    },
    put: async (name) => notHere(name),
    remove: async (name) => notHere(name),
  };
}

/** An object of the API as a document; undefined for one of a newer schema. */
export function databaseServerOf(object: KubeObject): DatabaseServerDocument | undefined {
  const { success, data } = databaseServerSpec.safeParse(object["spec"]);
  if (!success) return undefined;
  const { writer } = (object["status"] ?? {}) as { readonly writer?: string };
  return { name: object.metadata.name, spec: data, ...(writer === undefined ? {} : { writer }) };
}

async function unlessUnknown<T>(answer: Promise<T>): Promise<T | undefined> {
  return await answer.catch((error: unknown) => {
    if (error instanceof HowdahError && error.code === "cluster/not-installed") return undefined;
    throw error;
  });
}

function notHere(name: string): never {
  throw new HowdahError("usage/invalid", `The database server ${name} is a DatabaseServer of the cluster`, {
    hint: `\`kubectl edit databaseserver ${name}\` changes it.`,
  });
}

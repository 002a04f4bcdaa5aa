import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { configMapDocuments, dataOf, type DocumentPlace, parsed } from "./config-map-documents.ts";

/** It changes with each run of a cron: it is no part of what somebody watches. */
const CONFIG_MAP = "howdah-crons";

/**
 * What is remembered of crons by `NAMESPACE.CRON`: a key each, in one ConfigMap of their namespace. All of a cluster are read in one request.
 * Errors: those of `configMapDocuments`.
 */
export function cronDocuments<T>(api: Pick<KubernetesApi, "get" | "list" | "create" | "mergePatch">): {
  get(name: string): Promise<T | undefined>;
  list(): Promise<readonly T[]>;
  put(name: string, document: T): Promise<void>;
  remove(name: string): Promise<void>;
} {
  return {
    ...configMapDocuments<T>(api, placeOf),
    list: async () => {
      const { items } = await api.list(resources.ConfigMap, { labelSelector: `app.kubernetes.io/component=${CONFIG_MAP}` });
      return items.flatMap((object) =>
        Object.entries(dataOf(object)).map(
          ([key, text]) => parsed({ namespace: object.metadata.namespace ?? "", key, configMap: CONFIG_MAP }, text) as T,
        ),
      );
    },
  };
}

/** Neither name holds a dot. */
function placeOf(name: string): DocumentPlace {
  const dot = name.indexOf(".");
  return { namespace: name.slice(0, dot), key: name.slice(dot + 1), configMap: CONFIG_MAP };
}

import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { configMapDocuments, dataOf } from "./config-map-documents.ts";

/**
 * Documents of namespaces that may be gone, by namespace: keys of one ConfigMap of Howdah's own namespace, where tenants' people write nothing. It is not
 * watched: it is read when a database is made or deleted. Errors: those of `configMapDocuments`.
 */
export function keptDocuments<T>(
  api: Pick<KubernetesApi, "get" | "create" | "mergePatch">,
  configMap: string,
): ReturnType<typeof configMapDocuments<T>> {
  const placeOf = (namespace: string) => ({ namespace: SYSTEM_NAMESPACE, key: namespace, configMap });
  const documents = configMapDocuments<T>(api, placeOf);
  return {
    ...documents,
    list: async (prefix = "") => {
      const found = await api.get({ resource: resources.ConfigMap, namespace: SYSTEM_NAMESPACE, name: configMap });
      const names = Object.keys(dataOf(found)).filter((name) => name.startsWith(prefix));
      return (await Promise.all(names.map((name) => documents.get(name)))).flatMap((document) =>
        document === undefined ? [] : [document],
      );
    },
  };
}

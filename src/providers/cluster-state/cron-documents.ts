import { parseJson } from "../../kernel/parse-json.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { configMapDocuments, dataOf, type DocumentPlace } from "./config-map-documents.ts";

/** It changes with each run of a cron: it is no part of what somebody watches. */
const CONFIG_MAP = "howdah-crons";

/**
 * What is remembered of crons by `NAMESPACE.CRON`: a key each, in one ConfigMap of their namespace. All of a cluster are read in one request, and
 * whoever may write ConfigMaps in a namespace must not harm the crons of others: `list` leaves out what is damaged or speaks of another place, which
 * counts as never seen and is written anew. Errors: those of `configMapDocuments`.
 */
export function cronDocuments<T extends { readonly namespace: string; readonly cron: string }>(
  api: Pick<KubernetesApi, "get" | "list" | "create" | "mergePatch">,
): {
  get(name: string): Promise<T | undefined>;
  list(): Promise<readonly T[]>;
  put(name: string, document: T): Promise<void>;
  remove(name: string): Promise<void>;
} {
  return {
    ...configMapDocuments<T>(api, placeOf),
    list: async () => {
      const { items } = await api.list(resources.ConfigMap, { labelSelector: `app.kubernetes.io/component=${CONFIG_MAP}` });
      const named = items.filter(({ metadata }) => metadata.name === CONFIG_MAP);
      return named.flatMap((object) =>
        Object.entries(dataOf(object)).flatMap(([key, text]) => {
          const said = parseJson(text ?? "");
          return isAbout({ namespace: object.metadata.namespace, key }, said) ? [said as T] : [];
        }),
      );
    },
  };
}

/** Whether a document speaks of the cron that its place is for. */
function isAbout({ namespace = "", key }: { readonly namespace: string | undefined; readonly key: string }, said: unknown): boolean {
  const { namespace: of, cron } = (said ?? {}) as { readonly namespace?: unknown; readonly cron?: unknown };
  return of === namespace && cron === key;
}

/** Neither name holds a dot. */
function placeOf(name: string): DocumentPlace {
  const dot = name.indexOf(".");
  return { namespace: name.slice(0, dot), key: name.slice(dot + 1), configMap: CONFIG_MAP };
}

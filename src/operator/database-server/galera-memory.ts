import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { parseJson } from "../../kernel/parse-json.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { ClusterMemory } from "../../plan/galera/node-facts.ts";
import { NOTHING_SEEN } from "../../plan/galera/remember.ts";
import { galeraName, galeraSelector } from "../../render/galera/render-galera.ts";

const KEY = "seen.json";

/** What has been seen of a cluster, in a ConfigMap: the next operator must know it, too. */
export interface GaleraMemory {
  read(signal: AbortSignal): Promise<ClusterMemory>;
  save(memory: ClusterMemory): Promise<void>;
}

/** The memory of one DatabaseServer. */
export function galeraMemory(api: KubernetesApi, server: string): GaleraMemory {
  const metadata = {
    name: `${galeraName(server)}-seen`,
    namespace: SYSTEM_NAMESPACE,
    labels: { ...galeraSelector(server), "app.kubernetes.io/managed-by": "howdah" },
  };
  return {
    async read(signal) {
      const found = await api.get({ resource: resources.ConfigMap, namespace: SYSTEM_NAMESPACE, name: metadata.name }, signal);
      const text = (found?.["data"] as Readonly<Record<string, string>> | undefined)?.[KEY];
      return (text === undefined ? undefined : (parseJson(text) as ClusterMemory | undefined)) ?? NOTHING_SEEN;
    },
    async save(memory) {
      await api.apply(resources.ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { [KEY]: JSON.stringify(memory) } }, {});
    },
  };
}

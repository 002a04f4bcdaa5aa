import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Reaping } from "../../workflows/dataset/publish-generation.ts";

/** What is left of generations when no breed works: the VolumeSnapshots of a namespace that are named `NAMESPACE.gN.PART`. None where the cluster knows no such kind. */
export function datasetSnapshots(
  api: Pick<KubernetesApi, "get" | "list" | "delete">,
  namespace: string,
  signal: AbortSignal,
): Reaping["storage"] {
  return {
    list: async () => {
      const { items } = await api.list(resources.VolumeSnapshot, { namespace }, signal).catch((error: unknown) => {
        if (error instanceof HowdahError && error.code === "cluster/not-installed") return { items: [] };
        throw error;
      });
      return items
        .filter(
          ({ metadata }) => /^g[1-9]\d*\./.test(withoutStart(metadata.name, `${namespace}.`)) && metadata.deletionTimestamp === undefined,
        )
        .map(({ metadata }) => ({ id: metadata.name, kind: "snapshot", source: null, createdAt: metadata.creationTimestamp ?? "" }));
    },
    destroy: async (id) => {
      const name = { resource: resources.VolumeSnapshot, namespace, name: id };
      const { uid } = (await api.get(name, signal))?.metadata ?? {};
      return uid === undefined ? false : await api.delete(name, { preconditions: { uid } }, signal);
    },
  };
}

function withoutStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : "";
}

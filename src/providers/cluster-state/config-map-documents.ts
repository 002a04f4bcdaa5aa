import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";

/** The ConfigMap of each namespace that holds what workflows remember of it. */
export const STATE_CONFIG_MAP = "howdah-state";

/** Where a document is kept: a key of the namespace's ConfigMap. */
export interface DocumentPlace {
  readonly namespace: string;
  /** Letters, digits, `-`, `_` and `.`. */
  readonly key: string;
  /** Another ConfigMap than `howdah-state`. */
  readonly configMap?: string;
}

/** Documents by name, as the workflows' DocumentStore has them. */
interface Documents<T> {
  get(name: string): Promise<T | undefined>;
  list(prefix?: string): Promise<readonly T[]>;
  put(name: string, document: T): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Who else writes is another key's writer, or an operator that has lost its lease: few tries are enough to tell them apart. */
const TRIES = 5;

/**
 * JSON documents as keys of one ConfigMap for each namespace, small ones only: together they must stay below 1 MiB. A write carries the
 * resourceVersion that was read, so nobody's key is lost, and an equal document is not written. `list` answers those of `listed`'s namespaces.
 * Errors: `machine/state-unreadable` for a damaged document, `cluster/*`.
 */
export function configMapDocuments<T>(
  api: Pick<KubernetesApi, "get" | "create" | "mergePatch">,
  placeOf: (name: string) => DocumentPlace,
  listed: () => readonly string[] = () => [],
): Documents<T> {
  const read = ({ namespace, configMap = STATE_CONFIG_MAP }: DocumentPlace): Promise<KubeObject | undefined> =>
    api.get({ resource: resources.ConfigMap, namespace, name: configMap });

  const get = async (name: string): Promise<T | undefined> => {
    const place = placeOf(name);
    return parsed(place, dataOf(await read(place))[place.key]) as T | undefined;
  };

  const write = async (name: string, text: string | null): Promise<void> => {
    const place = placeOf(name);
    const { namespace, key, configMap = STATE_CONFIG_MAP } = place;
    for (let attempt = 1; ; attempt += 1) {
      const found = await read(place);
      if ((dataOf(found)[key] ?? null) === text) return;
      try {
        if (found === undefined) {
          if (text !== null) await api.create(resources.ConfigMap, stateOf(place, { [key]: text }));
          return;
        }
        const name = { resource: resources.ConfigMap, namespace, name: configMap };
        const { resourceVersion } = found.metadata;
        await api.mergePatch(name, { metadata: { resourceVersion }, data: { [key]: text } });
        return;
      } catch (error) {
        if (!(error instanceof HowdahError && error.code === "cluster/conflict") || attempt === TRIES) throw error;
      }
    }
  };

  return {
    get,
    list: async (prefix = "") => {
      const found = await Promise.all(
        listed()
          .filter((name) => name.startsWith(prefix))
          .map(get),
      );
      return found.flatMap((document) => (document === undefined ? [] : [document]));
    },
    put: (name, document) => write(name, JSON.stringify(document)),
    remove: (name) => write(name, null),
  };
}

function stateOf({ namespace, configMap }: DocumentPlace, data: Readonly<Record<string, string>>): KubeObject {
  const labels = { "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/component": configMap ?? "state" };
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: configMap ?? STATE_CONFIG_MAP, namespace, labels }, data };
}

/** The documents of a ConfigMap, by their keys. */
export function dataOf(object: KubeObject | undefined): Readonly<Record<string, string | undefined>> {
  return (object?.["data"] as Record<string, string> | undefined) ?? {};
}

/** Reads a document. Error: `machine/state-unreadable`. */
function parsed({ namespace, key, configMap = STATE_CONFIG_MAP }: DocumentPlace, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new HowdahError("machine/state-unreadable", `The key ${key} of the ConfigMap ${namespace}/${configMap} is no JSON`, {
      cause: error,
      hint: `Restore it from a backup of the cluster, or take it away: \`kubectl -n ${namespace} edit configmap ${configMap}\`.`,
    });
  }
}

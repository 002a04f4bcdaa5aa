import type { ApplyOptions, KubeObject, KubernetesApi, Resource } from "../kubernetes/kubernetes-api.ts";
import { digestOf } from "../render/rendered.ts";
import { holds } from "./holds.ts";
import type { Metrics } from "./metrics.ts";

/**
 * An API whose every write asks first whether this process still leads, and is counted: one that was frozen past its lease writes nothing when it
 * wakes up. Reads pass as they are. An apply that would change nothing is not sent: this process has applied the very same before, and the object still
 * says so; the first one after a start is always sent, since only the server knows what an earlier version of us had applied.
 */
export function guardedApi(api: KubernetesApi, check: () => void, metrics: Pick<Metrics, "count">): KubernetesApi {
  const guard = (verb: string, { plural }: Resource, subresource?: string): void => {
    check();
    metrics.count("howdah_writes_total", { verb, resource: subresource === undefined ? plural : `${plural}/${subresource}` });
  };
  const applied = new Map<string, string>();
  const isApplied = async (key: string, resource: Resource, object: KubeObject, signal?: AbortSignal): Promise<KubeObject | undefined> => {
    if (applied.get(key) !== digestOf(object)) return undefined;
    const { namespace, name } = object.metadata;
    const found = await api.get({ resource, namespace: resource.namespaced ? namespace : undefined, name }, signal);
    return found !== undefined && found.metadata.deletionTimestamp === undefined && holds(found, object) ? found : undefined;
  };
  return {
    server: api.server,
    version: (signal) => api.version(signal),
    get: (name, signal) => api.get(name, signal),
    list: (resource, options, signal) => api.list(resource, options, signal),
    watch: (resource, options, signal) => api.watch(resource, options, signal),
    logs: (container, options, signal) => api.logs(container, options, signal),
    askPod: (pod, request, signal) => api.askPod(pod, request, signal),
    connectPod: (pod, signal) => api.connectPod(pod, signal),
    close: () => {
      api.close();
    },
    apply: async (resource, object, options, signal) => {
      const key = keyOf(resource, object, options);
      const found = options?.dryRun === true ? undefined : await isApplied(key, resource, object, signal);
      if (found !== undefined) return found;
      guard("apply", resource, options?.subresource);
      const written = await api.apply(resource, object, options, signal);
      applied.set(key, digestOf(object));
      return written;
    },
    create: async (resource, object, signal) => {
      guard("create", resource);
      return api.create(resource, object, signal);
    },
    replace: async (resource, object, options, signal) => {
      guard("update", resource, options?.subresource);
      return api.replace(resource, object, options, signal);
    },
    mergePatch: async (name, patch, options, signal) => {
      guard("patch", name.resource, options?.subresource);
      return api.mergePatch(name, patch, options, signal);
    },
    delete: async (name, options, signal) => {
      guard("delete", name.resource);
      return api.delete(name, options, signal);
    },
    exec: async (container, request, signal) => {
      check();
      return api.exec(container, request, signal);
    },
  };
}

function keyOf({ plural }: Resource, { metadata }: KubeObject, options: ApplyOptions = {}): string {
  return [plural, metadata.namespace ?? "", metadata.name, options.subresource ?? "", options.fieldManager ?? ""].join("/");
}

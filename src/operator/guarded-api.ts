import type { KubernetesApi, Resource } from "../kubernetes/kubernetes-api.ts";
import type { Metrics } from "./metrics.ts";

/**
 * An API whose every write asks first whether this process still leads, and is counted: one that was frozen past its lease writes nothing when it
 * wakes up. Reads pass as they are.
 */
export function guardedApi(api: KubernetesApi, check: () => void, metrics: Pick<Metrics, "count">): KubernetesApi {
  const guard = (verb: string, { plural }: Resource, subresource?: string): void => {
    check();
    metrics.count("howdah_writes_total", { verb, resource: subresource === undefined ? plural : `${plural}/${subresource}` });
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
      guard("apply", resource, options?.subresource);
      return api.apply(resource, object, options, signal);
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

import { FIELD_MANAGER, isAsApplied } from "../kubernetes/field-ownership.ts";
import type { ApplyOptions, KubeObject, KubernetesApi, Resource } from "../kubernetes/kubernetes-api.ts";
import { digestOf } from "../render/rendered.ts";
import type { Metrics } from "./metrics.ts";

const POD: Pick<Resource, "plural"> = { plural: "pods" };

/**
 * An API whose every write asks first whether this process still leads, and whose every request is counted by the verb that the cluster's roles know it
 * by. One that was frozen past its lease writes nothing when it wakes up. An apply that would change nothing is not sent: this process has
 * applied the very same before, and the object still says so; the first one after a start is always sent, since only the server knows what
 * an earlier version of us had applied.
 */
export function guardedApi(api: KubernetesApi, check: () => void, metrics: Pick<Metrics, "count">): KubernetesApi {
  const count = (verb: string, { plural }: Pick<Resource, "plural">, subresource?: string): void => {
    metrics.count("howdah_api_requests_total", { verb, resource: subresource === undefined ? plural : `${plural}/${subresource}` });
  };
  const write = (verb: string, resource: Resource, subresource?: string): void => {
    check();
    count(verb, resource, subresource);
  };
  const get: KubernetesApi["get"] = async (name, signal) => {
    count("get", name.resource);
    return api.get(name, signal);
  };
  const applied = new Map<string, string>();
  const isApplied = async (
    resource: Resource,
    object: KubeObject,
    options: ApplyOptions = {},
    signal?: AbortSignal,
  ): Promise<KubeObject | undefined> => {
    if (options.dryRun === true || applied.get(keyOf(resource, object, options)) !== digestOf(object)) return undefined;
    const { namespace, name } = object.metadata;
    const found = await get({ resource, namespace: resource.namespaced ? namespace : undefined, name }, signal);
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined;
    return isAsApplied(found, object, options.fieldManager ?? FIELD_MANAGER) ? found : undefined;
  };
  return {
    server: api.server,
    version: (signal) => api.version(signal),
    get,
    list: async (resource, options, signal) => {
      count("list", resource);
      return api.list(resource, options, signal);
    },
    watch: (resource, options, signal) => {
      count("watch", resource);
      return api.watch(resource, options, signal);
    },
    logs: async (container, options, signal) => {
      count("get", POD, "log");
      return api.logs(container, options, signal);
    },
    askPod: async (pod, request, signal) => {
      count("get", POD, "portforward");
      return api.askPod(pod, request, signal);
    },
    connectPod: async (pod, signal) => {
      count("get", POD, "portforward");
      return api.connectPod(pod, signal);
    },
    close: () => {
      api.close();
    },
    apply: async (resource, object, options, signal) => {
      const found = await isApplied(resource, object, options, signal);
      if (found !== undefined) return found;
      write("patch", resource, options?.subresource);
      const written = await api.apply(resource, object, options, signal);
      applied.set(keyOf(resource, object, options), digestOf(object));
      return written;
    },
    create: async (resource, object, signal) => {
      write("create", resource);
      return api.create(resource, object, signal);
    },
    replace: async (resource, object, options, signal) => {
      write("update", resource, options?.subresource);
      return api.replace(resource, object, options, signal);
    },
    mergePatch: async (name, patch, options, signal) => {
      write("patch", name.resource, options?.subresource);
      return api.mergePatch(name, patch, options, signal);
    },
    delete: async (name, options, signal) => {
      write("delete", name.resource);
      return api.delete(name, options, signal);
    },
    exec: async (container, request, signal) => {
      check();
      count("get", POD, "exec");
      return api.exec(container, request, signal);
    },
  };
}

function keyOf({ plural }: Resource, { metadata }: KubeObject, options: ApplyOptions = {}): string {
  return [plural, metadata.namespace ?? "", metadata.name, options.subresource ?? "", options.fieldManager ?? ""].join("/");
}

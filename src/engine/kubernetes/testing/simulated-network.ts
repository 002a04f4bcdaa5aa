import type { KubeObject } from "../../../kubernetes/kubernetes-api.ts";
import type { MemoryApi } from "../../../kubernetes/testing/memory-api.ts";
import { holds, type PodObject, selects, type ServiceObject } from "../views.ts";

type Labels = Readonly<Record<string, string>>;

interface PolicySpec {
  readonly podSelector: { readonly matchLabels?: Labels };
  readonly ingress?: readonly {
    readonly from?: readonly {
      readonly podSelector?: { readonly matchLabels?: Labels };
      readonly namespaceSelector?: { readonly matchLabels?: Labels };
    }[];
  }[];
}

/** Ready pods that a Service leads to. */
export function podsBehind(api: MemoryApi, namespace: string, name: string): PodObject[] {
  const service = api.all("Service").find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  const { selector } = (service as ServiceObject | undefined)?.spec ?? {};
  return readyPods(api).filter((pod) => pod.metadata.namespace === namespace && selects(selector, pod.metadata.labels));
}

/** The pod that answers when a pod asks a host, a Service's name or an address, as far as policies let it. */
export function podReached(api: MemoryApi, from: PodObject, host: string): PodObject | undefined {
  const [service = "", namespace = from.metadata.namespace ?? ""] = host.split(".");
  const isAddress = /^[\d.]+$/.test(host);
  const pods = isAddress ? readyPods(api).filter(({ status }) => status?.podIP === host) : podsBehind(api, namespace, service);
  return pods.find((to) => lets(api.all("NetworkPolicy"), from, to));
}

function readyPods(api: MemoryApi): PodObject[] {
  return (api.all("Pod") as PodObject[]).filter(({ status }) => holds(status?.conditions, "Ready"));
}

/** Whether policies let one pod connect to another: everybody where none selects it, else whom one of those names. */
function lets(policies: readonly KubeObject[], from: PodObject, to: PodObject): boolean {
  const selecting = policies
    .filter(({ metadata }) => metadata.namespace === to.metadata.namespace)
    .map((policy) => policy["spec"] as PolicySpec)
    .filter(({ podSelector }) => matches(podSelector.matchLabels, to.metadata.labels));
  if (selecting.length === 0) return true;
  return selecting
    .flatMap(({ ingress = [] }) => ingress.flatMap(({ from: peers = [] }) => peers))
    .some(({ podSelector, namespaceSelector }) => {
      const there = namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"] ?? to.metadata.namespace;
      return from.metadata.namespace === there && matches(podSelector?.matchLabels, from.metadata.labels);
    });
}

/** Of a policy an empty selector means all. */
function matches(selector: Labels | undefined, labels: Labels | undefined): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels?.[key] === value);
}

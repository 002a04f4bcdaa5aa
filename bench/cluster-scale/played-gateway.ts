import type { KubernetesApi } from "../../src/kubernetes/kubernetes-api.ts";
import { resources } from "../../src/kubernetes/resources.ts";
import { Reflector } from "../../src/kubernetes/reflector.ts";
import { systemClock } from "../../src/providers/system-clock.ts";

const PARENT = { group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "gateway", name: "howdah" };

/** Says of each HTTPRoute what a Gateway's controller says of one that it takes, by merge patch: applies are counted as the operator's. Runs until the signal. */
export async function playGateway(api: KubernetesApi, signal: AbortSignal, say: (line: string) => void): Promise<void> {
  const routes = new Reflector({ api, resource: resources.HTTPRoute, clock: systemClock, random: Math.random });
  const take = async (key: string): Promise<void> => {
    const route = routes.objects.get(key);
    if (route === undefined) return;
    const { name, namespace, generation = 1 } = route.metadata;
    const { parents = [] } = (route["status"] ?? {}) as {
      readonly parents?: readonly { readonly conditions: readonly { readonly observedGeneration: number }[] }[];
    };
    if (parents[0]?.conditions[0]?.observedGeneration === generation) return;
    const condition = { status: "True", lastTransitionTime: new Date().toISOString(), message: "", observedGeneration: generation };
    const conditions = [
      { ...condition, type: "Accepted", reason: "Accepted" },
      { ...condition, type: "ResolvedRefs", reason: "ResolvedRefs" },
    ];
    const status = { parents: [{ parentRef: PARENT, controllerName: "howdah.dev/played", conditions }] };
    await api.mergePatch({ resource: resources.HTTPRoute, namespace, name }, { status }, { subresource: "status" });
  };
  routes.objects.listen((keys) => {
    for (const key of keys)
      take(key).catch((error: unknown) => {
        if (!signal.aborted) say(`the route ${key}: ${String(error)}`);
      });
  });
  await routes.run(signal);
}

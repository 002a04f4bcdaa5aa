import { type MemoryNamespace, type MemoryPod, matches, objectsOf, type World } from "./world.ts";

/** What a ready pod serves on `/`. */
export function servedBy(pod: MemoryPod | undefined): string | undefined {
  const first = pod?.containers[0]?.started;
  return pod?.alive === true && first?.state === "ready" ? first.serves : undefined;
}

/** Living pods behind a Service. */
export function podsBehind(space: MemoryNamespace, service: string): MemoryPod[] {
  const found = objectsOf(space, "Service").find((one) => one.metadata.name === service);
  if (found === undefined) return [];
  return [...space.pods.values()].filter((pod) => pod.alive && matches(found.spec.selector, pod.labels));
}

/** Asks through the way in: a body, or a status. */
export function askWayIn(world: World, hostname: string): string {
  for (const space of world.namespaces.values()) {
    for (const route of objectsOf(space, "HTTPRoute")) {
      if (!route.spec.hostnames.includes(hostname)) continue;
      if (space.held) return "503";
      const backend = route.spec.rules.flatMap((rule) => rule.backendRefs).flatMap((ref) => podsBehind(space, ref.name))[0];
      return servedBy(backend) ?? "503";
    }
  }
  return "404";
}

/** Asks from a pod of one namespace: Services of its own, and of those whose policies let it in. */
export function reachFrom(world: World, from: MemoryNamespace, host: string): string | undefined {
  const [service = "", other = from.name] = host.split(".");
  for (const space of world.namespaces.values()) {
    const open = [...space.pods.values()].filter((pod) => space === from || isLetIn(space, pod, from.name));
    const named = space.name === other ? podsBehind(space, service) : [];
    const found = open.find((pod) => pod.ip === host || named.includes(pod));
    if (found !== undefined) return servedBy(found);
  }
  return undefined;
}

function isLetIn(space: MemoryNamespace, pod: MemoryPod, from: string): boolean {
  return objectsOf(space, "NetworkPolicy").some(
    (policy) =>
      matches(policy.spec.podSelector.matchLabels, pod.labels) &&
      policy.spec.ingress.some((rule) =>
        rule.from.some((one) => one.namespaceSelector?.matchLabels["kubernetes.io/metadata.name"] === from),
      ),
  );
}

import type { KubeObject } from "./kubernetes-api.ts";

/** Hostnames of an HTTPRoute or an Ingress: what a visitor's request is matched with, and what only one site of a cluster may have. */
export function hostnamesOf(route: KubeObject): readonly string[] {
  const spec = route["spec"] as { hostnames?: readonly string[]; rules?: readonly { host?: string }[] } | undefined;
  return spec?.hostnames ?? spec?.rules?.flatMap(({ host }) => host ?? []) ?? [];
}

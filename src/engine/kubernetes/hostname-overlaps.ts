import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { HOWDAH_GROUP, resources } from "../../kubernetes/resources.ts";
import { hostnamesOf } from "../../kubernetes/route-hostnames.ts";
import { covers } from "../hostnames-meet.ts";
import type { Cluster } from "./cluster.ts";
import { holderBefore, routesOfAll } from "./hostname-claims.ts";
import { ownOfKind } from "./own-objects.ts";

/** Whose a namespace is. */
const TENANT = `${HOWDAH_GROUP}/tenant`;

/** The wildcards that cover a hostname: `*.b.test` and `*.test` for `a.b.test`. */
function wildcardsOver(hostname: string): readonly string[] {
  const labels = hostname.replace("*.", "").split(".");
  const above = labels.map((_, index) => `*.${labels.slice(index).join(".")}`);
  return above.filter((wildcard) => covers(wildcard, hostname));
}

/**
 * Hostnames that a namespace wants for the first time and that another tenant's wildcard covers, or that are wildcards over what another tenant has, with
 * the namespace that has it: visitors whom one tenant expects would come to the other. Between namespaces of one tenant it is that tenant's own business,
 * and what serves already stays. `own`: routes that were written with them, which the earlier claim of two wins.
 */
export async function lostToOverlap(
  cluster: Cluster,
  { namespace, fresh, own }: { readonly namespace: string; readonly fresh: readonly string[]; readonly own: readonly KubeObject[] },
): Promise<ReadonlyMap<string, string>> {
  const lost = new Map<string, string>();
  for (const hostname of fresh) {
    const others = await overlapping(cluster, hostname, namespace);
    const foreign = others.length === 0 ? [] : await ofOtherTenants(cluster, namespace, others);
    const holder = holderBefore(own, foreign);
    if (holder !== undefined) lost.set(hostname, holder);
  }
  return lost;
}

async function overlapping(cluster: Cluster, hostname: string, namespace: string): Promise<readonly KubeObject[]> {
  const routesOf = await routesOfAll(cluster);
  const over = wildcardsOver(hostname).flatMap(routesOf);
  const below = hostname.startsWith("*.")
    ? (await allRoutes(cluster)).filter((route) => hostnamesOf(route).some((one) => covers(hostname, one)))
    : [];
  return [...over, ...below].filter(({ metadata }) => metadata.namespace !== namespace);
}

async function allRoutes(cluster: Cluster): Promise<readonly KubeObject[]> {
  const lists = await Promise.all([resources.HTTPRoute, resources.Ingress].map((kind) => ownOfKind(cluster, kind, undefined)));
  return lists.flat();
}

async function ofOtherTenants(cluster: Cluster, namespace: string, routes: readonly KubeObject[]): Promise<readonly KubeObject[]> {
  const tenantOf = async (name: string): Promise<string | undefined> =>
    (await cluster.api.get({ resource: resources.Namespace, namespace: undefined, name }))?.metadata.labels?.[TENANT];
  const own = await tenantOf(namespace);
  const foreign = await Promise.all(
    routes.map(async ({ metadata }) => own === undefined || (await tenantOf(metadata.namespace ?? "")) !== own),
  );
  return routes.filter((_, index) => foreign[index]);
}

import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { hostnamesOf } from "../../kubernetes/route-hostnames.ts";
import type { ObjectKey, Rendered } from "../../render/objects.ts";
import { hostnameTaken } from "../hostname-taken.ts";
import type { Cluster } from "./cluster.ts";
import { mark } from "./marks.ts";
import { ownOfKind } from "./own-objects.ts";

/** Routes and Ingresses of all namespaces that have a hostname. */
type RoutesOf = NonNullable<Cluster["routesOf"]>;

/** What a route is to a claim: whoever has it, and since when. */
const ROUTES: ReadonlySet<string> = new Set(["HTTPRoute", "Ingress"]);

/**
 * Whose a hostname is, when more than one namespace has it: theirs who claimed it first, which the routes themselves say (`mark.claimed`; the time at
 * which a route of an older version was made), then the smaller uid. Whoever looks, in whatever order, finds the same one, so two that wrote at once end with
 * one, and the other is told. Answers the namespace that `own` loses a hostname to; undefined: it is theirs, or free. Pure.
 */
export function holderBefore(own: readonly KubeObject[], others: readonly KubeObject[]): string | undefined {
  const [mine] = own.toSorted(byClaim);
  const [first] = others.toSorted(byClaim);
  return first !== undefined && (mine === undefined || byClaim(first, mine) < 0) ? (first.metadata.namespace ?? "") : undefined;
}

function byClaim(a: KubeObject, b: KubeObject): number {
  const since = ({ metadata }: KubeObject): number => Date.parse(metadata.annotations?.[mark.claimed] ?? metadata.creationTimestamp ?? "");
  return (since(a) || 0) - (since(b) || 0) || ((a.metadata.uid ?? "") < (b.metadata.uid ?? "") ? -1 : 1);
}

/** Objects with the time at which their namespace began to claim what hostnames they have: that of those there, while the hostnames are the same. */
export function withClaims(completed: readonly KubeObject[], former: readonly KubeObject[], now: number): readonly KubeObject[] {
  return completed.map((object) => {
    if (!ROUTES.has(object.kind)) return object;
    const same = former.filter(
      (one) => ROUTES.has(one.kind) && hostnamesOf(object).every((hostname) => hostnamesOf(one).includes(hostname)),
    );
    const since = same.toSorted(byClaim)[0]?.metadata;
    const claimed = since?.annotations?.[mark.claimed] ?? since?.creationTimestamp ?? new Date(now).toISOString();
    return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [mark.claimed]: claimed } } };
  });
}

/** Hostnames of a namespace's own routes that are another's by right, with the namespace that has each. Empty: it may serve them all. */
export function lostHostnames(
  hostnames: readonly string[],
  { namespace, own, routesOf }: { readonly namespace: string; readonly own: readonly KubeObject[]; readonly routesOf: RoutesOf },
): ReadonlyMap<string, string> {
  return new Map(
    hostnames.flatMap((hostname) => {
      const mine = own.filter((route) => ROUTES.has(route.kind) && hostnamesOf(route).includes(hostname));
      const others = routesOf(hostname).filter(({ metadata }) => metadata.namespace !== namespace);
      const holder = holderBefore(mine, others);
      return holder === undefined ? [] : [[hostname, holder] as const];
    }),
  );
}

/**
 * Rendered routes that are there with a hostname which is another's by right, with the words: a plan writes them again, and they lose it then. Only whoever
 * watches routes looks: others meet it when they write one.
 */
export function contested(
  { routesOf }: Pick<Cluster, "routesOf">,
  namespace: string,
  desired: readonly Rendered[],
  objects: readonly KubeObject[],
): ReadonlyMap<ObjectKey, readonly string[]> {
  if (routesOf === undefined) return new Map();
  return new Map(
    desired.flatMap(({ key, object }) => {
      if (object.kind !== "HTTPRoute") return [];
      const own = objects.filter(({ metadata }) => metadata.annotations?.[mark.key] === key);
      const there = object.spec.hostnames.filter((hostname) => own.some((route) => hostnamesOf(route).includes(hostname)));
      const lost = [...lostHostnames(there, { namespace, own, routesOf })].map(([hostname, owner]) => `${hostname} belongs to "${owner}"`);
      return lost.length === 0 ? [] : [[key, lost] as const];
    }),
  );
}

/** A hostname belongs to one site of a cluster: the second one is refused instead of silently winning or losing. Error: `config/rejected`. */
export function refuseLost(lost: ReadonlyMap<string, string>): void {
  for (const [hostname, owner] of lost) throw hostnameTaken(hostname, owner);
}

/** Who has which hostname: as somebody knows who watches routes, or else as the server lists them. */
export async function routesOfAll(cluster: Cluster): Promise<RoutesOf> {
  if (cluster.routesOf !== undefined) return cluster.routesOf;
  const routes = [
    ...(await ownOfKind(cluster, resources.HTTPRoute, undefined)),
    ...(await ownOfKind(cluster, resources.Ingress, undefined)),
  ];
  return (hostname) => routes.filter((route) => hostnamesOf(route).includes(hostname));
}

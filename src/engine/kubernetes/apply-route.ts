import type { HttpRoute, Rendered } from "../../render/objects.ts";
import { hostnamesOf } from "../../kubernetes/route-hostnames.ts";
import type { EngineContext } from "../engine.ts";
import { awaitRoute } from "./await-route.ts";
import type { Cluster } from "./cluster.ts";
import { lostHostnames, refuseLost, routesOfAll, withClaims } from "./hostname-claims.ts";
import { lostToOverlap } from "./hostname-overlaps.ts";
import { unsettled } from "./marks.ts";
import { outlast } from "./outlast.ts";
import { type Parts, putParts, removeKey, restoreParts } from "./parts.ts";

/**
 * Writes a route that has its hostnames by right, and waits until a Gateway takes it. Two sites that claim the same one at once may both be written:
 * it is looked at once more after that, and whenever another's route comes (`inventory`). Whoever claimed it later is refused: a route that came just now
 * goes back to what it was, one that had served leaves the hostname. Errors: `config/rejected`, after which the former route leads visitors in.
 */
export async function applyRoute(cluster: Cluster, parts: Parts, context: EngineContext): Promise<void> {
  const { namespace, desired, former } = parts;
  const { hostnames } = (desired.object as HttpRoute).spec;
  const before = lostHostnames(hostnames, { namespace, own: former, routesOf: await routesOfAll(cluster) });
  if (before.size > 0) await leave(cluster, parts, before);
  refuseLost(before);
  const fresh = hostnames.filter((hostname) => !former.some((route) => hostnamesOf(route).includes(hostname)));
  refuseLost(await lostToOverlap(cluster, { namespace, fresh, own: [] }));
  const claimed = { ...parts, completed: withClaims(parts.completed, former, cluster.clock.now()) };
  const written = await putParts(cluster, claimed, desired.digest, context.signal);
  try {
    refuseLost(lostHostnames(hostnames, { namespace, own: written, routesOf: await routesOfAll(cluster) }));
    refuseLost(await lostToOverlap(cluster, { namespace, fresh, own: written }));
    for (const route of written) if (route.kind === "HTTPRoute") await awaitRoute(cluster, route, context);
  } catch (error) {
    await outlast(cluster, () => restoreParts(cluster, claimed)); // the former route goes on leading visitors in
    throw error;
  }
}

/** What is there leaves the hostnames that are another's: the rest goes on serving, and without any the route goes. */
async function leave(cluster: Cluster, { namespace, desired, former, state }: Parts, lost: ReadonlyMap<string, string>): Promise<void> {
  if (!former.some((route) => hostnamesOf(route).some((hostname) => lost.has(hostname)))) return;
  const { object, key, digest } = desired as Rendered<HttpRoute>;
  const hostnames = object.spec.hostnames.filter((hostname) => !lost.has(hostname));
  if (hostnames.length === 0) {
    await removeKey(cluster, namespace, key);
    return;
  }
  const rest: Rendered = { key, digest, object: { ...object, spec: { ...object.spec, hostnames } } };
  const completed = withClaims(cluster.complete(namespace, rest), former, cluster.clock.now());
  await putParts(cluster, { namespace, desired: rest, former, state, completed }, unsettled(digest));
}

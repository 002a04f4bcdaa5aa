import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { shownTask } from "../shown-task.ts";
import { type ClusterPlace, POLL_MS, PRODUCTION } from "./cluster-place.ts";

/** What destroying a site of a cluster deletes, and what stays in its namespace: shown before anybody says yes. */
export interface ClusterDestroyPlan {
  readonly place: ClusterPlace;
  readonly site: KubeObject;
  readonly deletes: readonly string[];
  readonly keeps: readonly string[];
}

/** So long the operator may take to end the pods: twice the longest grace that pods get. Milliseconds. */
const PATIENCE_MS = 300_000;

/**
 * Names everything before anything happens. `there` are the namespace's ports. Error: `site/unknown` for a namespace without a site, or with another
 * than `given`, unless that is the namespace itself.
 */
export async function planClusterDestroy(
  place: ClusterPlace,
  given: string,
  there: Ports,
  signal: AbortSignal,
): Promise<ClusterDestroyPlan> {
  const { cluster, namespace } = place;
  const { items } = await cluster.api.list(resources.Site, { namespace }, signal);
  const site = items.find(({ metadata }) => metadata.name === given) ?? (given === namespace && items.length === 1 ? items[0] : undefined);
  if (site === undefined)
    throw new HowdahError(
      "site/unknown",
      `No site ${JSON.stringify(given)} is in the namespace ${namespace} of the cluster ${cluster.context}`,
      {
        hint: `\`howdah status --context ${cluster.context}\` lists all. Data of a site that was destroyed goes with \`--purge\`.`,
      },
    );
  const [{ workloads, routes, volumes }, record] = await Promise.all([there.engine.observe(namespace), there.records.get(namespace)]);
  return {
    ...{ place, site },
    deletes: [
      `Site ${site.metadata.name}`,
      ...workloads.map((workload) => `${workload.kind} ${workload.name}`),
      ...routes.flatMap((route) => route.hostnames.map((hostname) => `hostname ${hostname}`)),
    ],
    keeps: [
      ...volumes.map(({ claim }) => `volume ${claim}`),
      ...(record?.database == null ? [] : [`database ${record.database.name}`]),
      "releases and secrets",
    ],
  };
}

/**
 * Takes a site of a cluster away: the Site is deleted, the operator takes down what it runs. Data stays in the namespace. Errors: `cluster/failed` when
 * nobody does that in five minutes, `cluster/conflict` for another Site of that name by now.
 */
export async function destroyOnCluster(
  { place: { cluster, namespace }, site }: ClusterDestroyPlan,
  ports: Pick<Ports, "clock">,
  context: EngineContext,
): Promise<void> {
  await shownTask("cluster/take-down", `take ${site.metadata.name} down in ${namespace}`, context, async () => {
    const { uid = "", name } = site.metadata;
    await cluster.api.delete({ resource: resources.Site, namespace, name }, { preconditions: { uid } }, context.signal);
    const until = ports.clock.now() + PATIENCE_MS;
    while (await environmentOf({ cluster, namespace }, site, context.signal)) {
      if (ports.clock.now() >= until)
        throw new HowdahError("cluster/failed", `The environment of ${namespace} is still there`, {
          hint: `Is the operator running? \`howdah doctor --context ${cluster.context}\` says. Data is not touched.`,
        });
      await ports.clock.sleep(POLL_MS, context.signal);
    }
  });
}

/** Whether the environment that this very Site owns is still there; one that another Site of the name has got meanwhile is nobody's concern here. */
async function environmentOf(
  { cluster: { api }, namespace }: ClusterPlace,
  { metadata }: KubeObject,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal);
  const owners = found?.metadata.ownerReferences ?? [];
  return found !== undefined && (owners.length === 0 || owners.some(({ uid }) => uid === metadata.uid));
}

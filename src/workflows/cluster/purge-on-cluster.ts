import { HowdahError } from "../../kernel/howdah-error.ts";
import { OWN_SECRETS } from "../../kernel/own-names.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext, NamedDatabase, Ports } from "../ports.ts";
import { shownTask } from "../shown-task.ts";
import { type ClusterPlace, PRODUCTION } from "./cluster-place.ts";
import { databasesNamed, dropDatabases } from "./kept-databases.ts";

/** What is left of a site that was destroyed, or whose namespace was deleted. */
export interface ClusterPurgePlan {
  readonly place: ClusterPlace;
  readonly volumes: readonly string[];
  readonly databases: readonly NamedDatabase[];
  /** Names of its Releases. */
  readonly releases: readonly string[];
  /** The namespace itself is still there. */
  readonly inNamespace: boolean;
}

/**
 * Names what `purgeOnCluster` deletes. Errors: `machine/busy` while a site is there, `site/unknown` when nothing is left, `cluster/forbidden` for whom
 * may not reach the databases of `howdah-system`.
 */
export async function planClusterPurge(place: ClusterPlace, there: Ports, signal: AbortSignal): Promise<ClusterPurgePlan> {
  const { cluster, namespace } = place;
  await requireGone(place, signal);
  const space = await cluster.api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
  const databases = await databasesNamed(namespace, there);
  const { volumes } = space === undefined ? { volumes: [] } : await there.engine.observe(namespace);
  const { items } = await cluster.api.list(resources.Release, { namespace }, signal);
  if (volumes.length + databases.length + items.length === 0)
    throw new HowdahError("site/unknown", `No data of a destroyed site is kept for ${namespace} in the cluster ${cluster.context}`, {
      hint: `\`howdah status --context ${cluster.context}\` lists the sites; one that runs must be destroyed first.`,
    });
  return {
    ...{ place, databases, inNamespace: space !== undefined },
    volumes: volumes.map(({ claim }) => claim),
    releases: items.map(({ metadata }) => metadata.name),
  };
}

/**
 * Deletes for good what a plan names: databases with their users and dumps, volumes, releases, and what Howdah has made of secrets. Secrets that people
 * made and the namespace stay. Called again after it was cut off it goes on. Errors: those of the plan; `database/unreachable` before anything is deleted.
 */
export async function purgeOnCluster(plan: ClusterPurgePlan, there: Ports, context: EngineContext): Promise<void> {
  const { place, databases, volumes, releases, inNamespace } = plan;
  const { namespace } = place;
  await requireGone(place, context.signal); // a person has thought about the question meanwhile
  for (const database of databases)
    await shownTask(`purge/${database.server}`, `drop the database ${database.name} on ${database.server}`, context, () =>
      dropDatabases(namespace, [database], there, context),
    );
  await there.keptDatabases?.remove(namespace);
  if (!inNamespace) return;
  for (const claim of volumes)
    await shownTask(`purge/${claim}`, `delete the volume ${claim}`, context, () => there.engine.deleteVolume(namespace, claim));
  for (const name of OWN_SECRETS) await there.secrets.remove(namespace, name);
  await there.engine.forget(namespace);
  for (const documents of [there.records, there.migrations, there.rollouts]) await documents.remove(namespace);
  // Last: while there is one, the next call knows that it is not done.
  for (const release of releases) await there.releases.remove(`${namespace}.${release}`);
}

async function requireGone({ cluster, namespace }: ClusterPlace, signal: AbortSignal): Promise<void> {
  const [{ items: sites }, environment] = await Promise.all([
    cluster.api.list(resources.Site, { namespace }, signal),
    cluster.api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal),
  ]);
  if (sites.length === 0 && environment === undefined) return;
  const name = sites[0]?.metadata.name ?? namespace;
  throw new HowdahError("machine/busy", `${name} is there (again), so its data was not touched`, {
    hint: `\`howdah destroy ${name} --context ${cluster.context} --namespace ${namespace}\` first.`,
  });
}

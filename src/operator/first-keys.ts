import type { KubeObject } from "../kubernetes/kubernetes-api.ts";
import type { ObjectView } from "../kubernetes/object-store.ts";
import type { EnvironmentStatus } from "../resources/schema/environment.ts";
import { queueKey, type ReconciledKind } from "./controllers.ts";
import { conditionIn, statusOf } from "./status.ts";

/**
 * What a new leader looks at first: environments that don't serve, are being changed or taken away, or were changed since somebody looked; then tenants,
 * sites and environments that are well. A thousand sites are looked at in seconds, and whoever waits for one should not wait for all.
 */
export function firstKeys(stores: Readonly<Record<ReconciledKind, Pick<ObjectView, "all">>>): readonly string[] {
  const keys = (kind: ReconciledKind, objects: readonly KubeObject[]): readonly string[] =>
    objects.map(({ metadata }) => queueKey(kind, metadata.namespace, metadata.name));
  const environments = Map.groupBy(stores.Environment.all(), isWell);
  return [
    ...keys("Environment", environments.get(false) ?? []),
    ...keys("Tenant", stores.Tenant.all()),
    ...keys("DatabaseServer", stores.DatabaseServer.all()),
    ...keys("Backup", stores.Backup.all()),
    ...keys("Dataset", stores.Dataset.all()),
    ...keys("Site", stores.Site.all()),
    ...keys("Environment", environments.get(true) ?? []),
  ];
}

function isWell(environment: KubeObject): boolean {
  const { metadata } = environment;
  const status = statusOf<EnvironmentStatus>(environment);
  const ready = conditionIn(status, "Ready")?.status === "True";
  const seen = status.observedGeneration === metadata.generation && metadata.deletionTimestamp === undefined;
  return ready && seen && status.rollout === undefined && (status.conditions?.length ?? 0) === 1;
}

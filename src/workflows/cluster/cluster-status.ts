import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { StatusCondition } from "../../resources/schema/condition.ts";
import type { EnvironmentSpec, EnvironmentStatus } from "../../resources/schema/environment.ts";

/** How one environment of a cluster is. */
export interface ClusterEnvironment {
  readonly namespace: string;
  readonly site: string;
  readonly environment: string;
  readonly url: string | null;
  /** The release that serves. */
  readonly release: string | null;
  /** The release that is wanted by name; null: the newest. */
  readonly wanted: string | null;
  readonly rollout: { readonly release: string; readonly step: string } | null;
  readonly replicas: number | null;
  readonly ready: boolean;
  /** The condition that says most: what is stalled, else what is under way, else whether it serves. */
  readonly condition: Pick<StatusCondition, "reason" | "message">;
}

/** The environments of a cluster, or of one namespace, in the order of their names. Error: `site/unknown` for a namespace without one. */
export async function clusterStatus(
  { api, context }: ConnectedCluster,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly ClusterEnvironment[]> {
  const { items } = await api.list(resources.Environment, namespace === undefined ? {} : { namespace }, signal);
  if (namespace !== undefined && items.length === 0)
    throw new HowdahError("site/unknown", `The namespace ${namespace} of the cluster ${context} has no environment`, {
      hint: `\`howdah status --context ${context}\` lists all; \`howdah deploy --context ${context}\` makes one.`,
    });
  return items.map(environmentOf).sort((a, b) => (`${a.namespace}/${a.environment}` < `${b.namespace}/${b.environment}` ? -1 : 1));
}

function environmentOf(object: KubeObject): ClusterEnvironment {
  const spec = object["spec"] as EnvironmentSpec;
  const status = (object["status"] as EnvironmentStatus | undefined) ?? {};
  const holds = (type: string): StatusCondition | undefined =>
    status.conditions?.find((condition) => condition.type === type && condition.status === "True");
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  const readOnly = status.conditions?.find(({ type, status: is }) => type === "DatabaseWritable" && is === "False");
  const said = holds("Stalled") ?? holds("Reconciling") ?? (ready?.status === "True" ? readOnly : undefined) ?? ready;
  const unseen = { reason: "Unseen", message: "The operator has not looked at it yet." };
  return {
    namespace: object.metadata.namespace ?? "",
    site: spec.site,
    environment: object.metadata.name,
    url: status.url ?? null,
    release: status.release ?? null,
    wanted: spec.release ?? null,
    rollout: status.rollout ?? null,
    replicas: status.replicas ?? null,
    ready: ready?.status === "True",
    condition: said === undefined ? unseen : { reason: said.reason, message: said.message },
  };
}

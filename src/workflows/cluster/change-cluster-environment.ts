import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { RESET_ANNOTATION } from "../../kernel/label.ts";
import { type ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import type { ResetTarget } from "../environment/reset-environment.ts";
import { untilOf } from "../environment/lifetime.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { shownTask } from "../shown-task.ts";
import { POLL_MS } from "./cluster-place.ts";
import type { FoundEnvironment } from "./cluster-environments.ts";
import { followEnvironment } from "./follow-environment.ts";
import { productionOf } from "./write-release.ts";

type Cluster = Pick<ConnectedCluster, "api" | "context">;

/** A namespace with volumes takes so long at most. Milliseconds. */
const PATIENCE_MS = 300_000;

function place({ of, name }: Pick<FoundEnvironment, "of" | "name">): ObjectName {
  return { resource: resources.Environment, namespace: of, name };
}

/**
 * Makes an environment anew: the same data, or that of another generation (`current`, `gN`); with `newestRelease` of the release of its site that serves now.
 * Errors: `environment/unknown` while it is being deleted, `release/unknown`, and those of following.
 */
export async function resetClusterEnvironment(
  found: FoundEnvironment,
  { generation, newestRelease, patienceMs }: ResetTarget & { readonly patienceMs: number },
  cluster: Cluster,
  ports: Pick<Ports, "clock">,
  context: EngineContext,
): Promise<FoundEnvironment> {
  requireThere(found);
  const { of, name } = found;
  const unique = new Date(ports.clock.now()).toISOString();
  const reset = generation === null ? unique : `${generation}/${unique}`;
  const spec = newestRelease ? { spec: { release: await servingRelease(of, cluster, context.signal) } } : {};
  const patch = { metadata: { annotations: { [RESET_ANNOTATION]: reset } }, ...spec };
  await cluster.api.mergePatch(place(found), patch, {}, context.signal);
  return await followEnvironment({ cluster, of, name, reset, patienceMs }, ports, context);
}

async function servingRelease(of: string, { api, context }: Cluster, signal: AbortSignal): Promise<string> {
  const production = await productionOf(api, of, signal);
  const { release } = (production?.["status"] as EnvironmentStatus | undefined) ?? {};
  if (release !== undefined) return release;
  throw new HowdahError("release/unknown", `No release serves in the namespace ${of} of the cluster ${context}`);
}

/** Gives it so long from now on. Answers until when. Errors: `environment/unknown` while it is being deleted, `usage/invalid`. */
export async function extendClusterEnvironment(
  found: FoundEnvironment,
  ttl: string,
  { api }: Cluster,
  { clock }: Pick<Ports, "clock">,
  signal: AbortSignal,
): Promise<string | null> {
  const until = untilOf(ttl, clock.now());
  requireThere(found);
  await api.mergePatch(place(found), { spec: { until } }, {}, signal);
  return until;
}

/** Takes it away for good, and waits until it is gone: its namespace, its copies and what it held of a dataset. Error: `cluster/failed`. */
export async function deleteClusterEnvironment(
  found: FoundEnvironment,
  { api, context }: Cluster,
  { clock }: Pick<Ports, "clock">,
  engine: EngineContext,
): Promise<void> {
  const { uid = "" } = found.object.metadata;
  const { signal } = engine;
  await shownTask("cluster/delete-environment", `delete ${found.namespace}`, engine, async () => {
    await api.delete(place(found), { preconditions: { uid } }, signal);
    const until = clock.now() + PATIENCE_MS;
    while ((await api.get(place(found), signal))?.metadata.uid === uid) {
      if (clock.now() >= until)
        throw new HowdahError("cluster/failed", `${found.namespace} is still being deleted`, {
          hint: `The operator goes on with it. Is it running? \`howdah doctor --context ${context}\` says.`,
        });
      await clock.sleep(POLL_MS, signal);
    }
  });
}

function requireThere({ object, namespace }: FoundEnvironment): void {
  if (object.metadata.deletionTimestamp !== undefined) throw new HowdahError("environment/unknown", `${namespace} is being deleted`);
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { parseJson } from "../../kernel/parse-json.ts";
import { canonicalJson } from "../../render/rendered.ts";
import type { Maintenance } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { isOwned, mark, ownedLabels } from "./marks.ts";
import { ownLive, ownOfKind, removeOwn } from "./own-objects.ts";

/** What no object of a site says by itself. */
export interface EngineState {
  readonly version: 1;
  readonly down: boolean;
  readonly held?: { readonly page: Maintenance; readonly stop: readonly string[] };
  /** Claims that were applied: one that is missing later was removed behind Howdah's back. Sorted. */
  readonly claims: readonly string[];
  /** Digests of applied objects that this cluster has nothing for (a route where there is no way in), by key. */
  readonly withoutParts?: Readonly<Record<string, string>>;
}

const NAME = "howdah-engine";
const STATE_ROLE = { [mark.role]: "state" };
const nothing: EngineState = { version: 1, down: false, claims: [] };
const ATTEMPTS = 20;

function nameIn(namespace: string): ObjectName {
  return { resource: resources.ConfigMap, namespace, name: NAME };
}

/** What is remembered of a namespace. `namespace` is the name in the cluster. Error: `machine/state-unreadable`. */
export async function readState(cluster: Cluster, namespace: string): Promise<EngineState> {
  return parsed(namespace, await ownLive(cluster, nameIn(namespace)));
}

/**
 * Changes what is remembered, as often as somebody else was faster, and makes the memory when there is none: namespaces with one are those
 * that hold anything. Changes nothing when nothing changes; but that a site is stopped is believed only after the server has confirmed, by
 * a write with its resourceVersion, that it is still so: pods are ended because of it, and a read may be from the past.
 */
export async function changeState(
  cluster: Cluster,
  namespace: string,
  change: (state: EngineState) => EngineState = (state) => state,
): Promise<EngineState> {
  for (let attempt = 1; ; attempt++) {
    const live = await ownLive(cluster, nameIn(namespace));
    const before = parsed(namespace, live);
    const wanted = change(before);
    if (live !== undefined && !wanted.down && canonicalJson(wanted) === canonicalJson(before)) return wanted;
    const object: KubeObject = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: NAME,
        namespace,
        labels: { ...ownedLabels, ...STATE_ROLE },
        ...(live?.metadata.resourceVersion === undefined ? {} : { resourceVersion: live.metadata.resourceVersion }),
      },
      data: { state: canonicalJson(wanted) },
    };
    try {
      await (live === undefined ? cluster.api.create(resources.ConfigMap, object) : cluster.api.replace(resources.ConfigMap, object));
      return wanted;
    } catch (error) {
      if (!(error instanceof HowdahError && error.code === "cluster/conflict") || attempt >= ATTEMPTS) throw error;
      await cluster.clock.sleep(10 * attempt);
    }
  }
}

/** Forgets a namespace: it holds nothing any more. */
export async function forgetState(cluster: Cluster, namespace: string): Promise<void> {
  await removeOwn(cluster, nameIn(namespace));
}

/** Names in the cluster of the namespaces that hold anything. */
export async function statefulNamespaces(cluster: Cluster): Promise<readonly string[]> {
  const found = await ownOfKind(cluster, resources.ConfigMap, undefined, STATE_ROLE);
  return found.flatMap(({ metadata }) => metadata.namespace ?? []);
}

function parsed(namespace: string, live: KubeObject | undefined): EngineState {
  if (live === undefined || !isOwned(live)) return nothing;
  const text = (live as { data?: Record<string, string> }).data?.["state"] ?? "";
  const value = parseJson(text) as Partial<EngineState> | undefined;
  if (value?.version === 1 && typeof value.down === "boolean" && Array.isArray(value.claims)) return value as EngineState;
  throw new HowdahError("machine/state-unreadable", `The ConfigMap ${NAME} of ${namespace} is damaged`, {
    hint: `Restore it from a backup, or delete it (\`kubectl --namespace ${namespace} delete configmap ${NAME}\`): it only remembers whether the site was stopped.`,
  });
}

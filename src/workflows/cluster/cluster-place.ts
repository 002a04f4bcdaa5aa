import { ENVIRONMENT_OF_ANNOTATION } from "../../kernel/label.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { apiVersionOf, HOWDAH_GROUP, resources } from "../../kubernetes/resources.ts";
import { OWN_NAMESPACE, OPERATOR_NAME } from "../../resources/install/operator-objects.ts";

/** Who writes what a person asked for; the operator is another field manager. */
export const CLI_MANAGER = "howdah-cli";
/** The one environment that a namespace holds until there are branches. */
export const PRODUCTION = "production";

/** Where on which cluster a command works. */
export interface ClusterPlace {
  readonly cluster: ConnectedCluster;
  readonly namespace: string;
}

/** Fails when Howdah's resources are not in the cluster. Error: `cluster/not-installed`. */
export async function requireInstalled({ api, context }: ConnectedCluster, signal: AbortSignal): Promise<void> {
  const definition = { resource: resources.CustomResourceDefinition, namespace: undefined, name: `releases.${HOWDAH_GROUP}` };
  const found = await api.get(definition, signal).catch((error: unknown) => {
    // Developers of one site may not read definitions; whether these exist shows at the first resource.
    if (error instanceof HowdahError && error.code === "cluster/forbidden") return null;
    throw error;
  });
  if (found === undefined)
    throw new HowdahError("cluster/not-installed", `The cluster of the context ${context} has no resources of ${HOWDAH_GROUP}`, {
      hint: `Put Howdah into it: \`howdah install --context ${context}\`.`,
    });
}

/**
 * Makes sure of the site's namespace: one that is not there is asked for as a Tenant of that name, whose guard (quota, policies, Pod
 * Security) the operator puts around it; its pods pull by the operator's own pull secret. Answers true when it was made. Errors: `cluster/namespace-taken` when another Site has it, or when nobody
 * gave it to Howdah; `cluster/failed` when the operator does not make it within `patienceMs`.
 */
export async function ensureNamespace(
  { cluster: { api, context }, namespace }: ClusterPlace,
  siteName: string,
  wait: { readonly sleep: (milliseconds: number) => Promise<void>; readonly attempts: number },
  signal: AbortSignal,
): Promise<boolean> {
  const find = (): Promise<KubeObject | undefined> =>
    api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
  const found = await find();
  if (found !== undefined) {
    await requireOwn(api, found, siteName, signal);
    return false;
  }
  // Whoever installed Howdah from a registry that asks for a password most likely has his sites there, too.
  const pullSecret = await operatorPullSecret(api, signal).catch(unlessForbidden);
  const spec = pullSecret === undefined ? {} : { pullSecret };
  const tenant = { apiVersion: apiVersionOf(resources.Tenant), kind: "Tenant", metadata: { name: namespace }, spec };
  await api.apply(resources.Tenant, tenant, { fieldManager: CLI_MANAGER }, signal);
  for (let attempt = 0; attempt < wait.attempts; attempt++) {
    if ((await find()) !== undefined) return true;
    await wait.sleep(POLL_MS);
  }
  throw new HowdahError("cluster/failed", `Nobody made the namespace ${namespace} for the Tenant of that name`, {
    hint: `Is the operator running? \`howdah doctor --context ${context}\` says.`,
  });
}

/** The Secret by which the operator's own image is pulled; undefined when there is none, or no operator. */
export async function operatorPullSecret(api: KubernetesApi, signal: AbortSignal): Promise<string | undefined> {
  const account = await api.get({ resource: resources.ServiceAccount, namespace: OWN_NAMESPACE, name: OPERATOR_NAME }, signal);
  return (account?.["imagePullSecrets"] as readonly { readonly name: string }[] | undefined)?.[0]?.name;
}

function unlessForbidden(error: unknown): undefined {
  if (error instanceof HowdahError && error.code === "cluster/forbidden") return undefined;
  throw error;
}

/** How often a namespace is looked for. */
export const POLL_MS = 250;

/** A namespace of a Tenant carries this label; ADR 20. */
export const TENANT_LABEL = `${HOWDAH_GROUP}/tenant`;

async function requireOwn(api: KubernetesApi, found: KubeObject, siteName: string, signal: AbortSignal): Promise<void> {
  const namespace = found.metadata.name;
  if (found.metadata.labels?.[TENANT_LABEL] === undefined)
    throw new HowdahError("cluster/namespace-taken", `The namespace ${namespace} exists and belongs to no Tenant`, {
      hint: `Choose another with \`--namespace NAME\`, or give it to Howdah: a Tenant with \`spec.namespaces: [${namespace}]\`.`,
    });
  if (found.metadata.labels?.[ENVIRONMENT_OF_ANNOTATION] !== undefined)
    throw new HowdahError("cluster/namespace-taken", `The namespace ${namespace} is that of an environment`, {
      hint: "What runs there its Environment says: `howdah env --help`. Choose another namespace: `--namespace NAME`.",
    });
  const { items } = await api.list(resources.Site, { namespace }, signal);
  const other = items.find(({ metadata }) => metadata.name !== siteName);
  if (other !== undefined)
    throw new HowdahError("cluster/namespace-taken", `The namespace ${namespace} belongs to the site ${other.metadata.name}`, {
      hint: "A namespace is one environment of one site. Choose another: `--namespace NAME`.",
    });
}

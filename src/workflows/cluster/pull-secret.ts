import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { operatorPullSecret } from "./cluster-place.ts";

/**
 * Names a registry's Secret on the default service account of a namespace: pods there pull with it, without naming it. The list is one field to the API
 * server, so what others put there is written along. Error: `cluster/conflict` for a new namespace, which has no account for a moment.
 */
export async function pullWith(
  secret: string,
  namespace: string,
  api: Pick<KubernetesApi, "get" | "mergePatch">,
  signal: AbortSignal,
): Promise<void> {
  const account: ObjectName = { resource: resources.ServiceAccount, namespace, name: "default" };
  const found = await api.get(account, signal);
  if (found === undefined) throw new HowdahError("cluster/conflict", `The namespace ${namespace} has no default service account yet`);
  const there = (found["imagePullSecrets"] as readonly { readonly name: string }[] | undefined) ?? [];
  if (there.some(({ name }) => name === secret)) return;
  const { resourceVersion } = found.metadata;
  const imagePullSecrets = [...there, { name: secret }];
  await api.mergePatch(account, { metadata: { resourceVersion }, imagePullSecrets }, {}, signal);
}

/**
 * Database servers pull as the operator itself does, however it came into the cluster: neither Helm nor `kubectl apply` should own the default service
 * account of `howdah-system`, which is Kubernetes' own. Without an operator there, or a Secret of his, nothing is done.
 */
export async function serversPullAsOperator(api: KubernetesApi, signal: AbortSignal): Promise<void> {
  const secret = await operatorPullSecret(api, signal);
  if (secret !== undefined) await pullWith(secret, SYSTEM_NAMESPACE, api, signal);
}

import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { ClusterObject } from "../../render/cluster/cluster-object.ts";
import { moveMark, SENDER_NAMESPACE } from "../../render/data-move/move-labels.ts";

/**
 * Lets a sender pull its image as the site's pods do: the Secrets of the site's default service account are copied beside it and named in its pod.
 * They go with the namespace.
 */
export async function copyPullSecrets(api: KubernetesApi, job: ClusterObject, from: string, signal: AbortSignal): Promise<ClusterObject> {
  const account = await api.get({ resource: resources.ServiceAccount, namespace: from, name: "default" }, signal);
  const named = ((account as { imagePullSecrets?: readonly { name: string }[] } | undefined)?.imagePullSecrets ?? []).map(
    ({ name }) => name,
  );
  const copied: string[] = [];
  for (const name of named) {
    const secret = await api.get({ resource: resources.Secret, namespace: from, name }, signal);
    if (secret === undefined) continue;
    const labels = { "app.kubernetes.io/managed-by": "howdah", [moveMark.role]: "sender" };
    const copy: KubeObject = {
      ...{ apiVersion: "v1", kind: "Secret", type: secret["type"], data: secret["data"] },
      metadata: { name: `${from}.${name}`.slice(0, 253), namespace: SENDER_NAMESPACE, labels },
    };
    await api.apply(resources.Secret, copy, {}, signal);
    copied.push(copy.metadata.name);
  }
  if (copied.length === 0) return job;
  const spec = job["spec"] as { template: { spec: object } };
  const pod = { ...spec.template.spec, imagePullSecrets: copied.map((name) => ({ name })) };
  return { ...job, spec: { ...spec, template: { ...spec.template, spec: pod } } };
}

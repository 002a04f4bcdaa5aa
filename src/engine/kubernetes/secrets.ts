import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Secret } from "../../kernel/secret.ts";
import { resources } from "../../kubernetes/resources.ts";
import { digestOf } from "../../render/rendered.ts";
import type { Cluster } from "./cluster.ts";
import { changeState } from "./engine-state.ts";
import { put, removeOwn } from "./own-objects.ts";

/** Stores a secret's keys as a Secret of the namespace, the only place in the cluster that has the values. Answers their digest. */
export async function putSecret(
  cluster: Cluster,
  namespace: string,
  name: string,
  data: Readonly<Record<string, Secret>>,
): Promise<string> {
  const space = cluster.namespace(namespace);
  await changeState(cluster, space);
  const values = Object.entries(data).map(([key, secret]) => [key, secret.reveal()] as const);
  try {
    await put(cluster, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: space, labels: { "app.kubernetes.io/managed-by": "howdah" } },
      type: "Opaque",
      data: Object.fromEntries(values.map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
    });
  } catch (error) {
    // An API server's words may quote what it was sent.
    if (!(error instanceof HowdahError) || error.code !== "cluster/rejected") throw error;
    throw new HowdahError(error.code, `The API server does not take the secret ${name} of ${space}`, { hint: error.hint });
  }
  return digestOf(values.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Forgets a secret for good. */
export async function deleteSecret(cluster: Cluster, namespace: string, name: string): Promise<void> {
  await removeOwn(cluster, { resource: resources.Secret, namespace: cluster.namespace(namespace), name });
}

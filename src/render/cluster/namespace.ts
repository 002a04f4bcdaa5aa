import type { ClusterObject } from "./cluster-object.ts";

const LABELS = { "app.kubernetes.io/managed-by": "howdah" };

/**
 * A namespace that takes no pod but of Pod Security's strictest kind, and its default service account, which names the registry's Secret: so
 * it is in no pod (R-A11), and pods of hand-made Jobs have it too.
 */
export function renderNamespace(
  namespace: string,
  { pullSecret, withNamespace }: { readonly pullSecret: string | null; readonly withNamespace: boolean },
): readonly ClusterObject[] {
  const modes = ["enforce", "warn", "audit"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]);
  const own: ClusterObject = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { ...LABELS, ...Object.fromEntries(modes) } },
  };
  const account: ClusterObject = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace },
    automountServiceAccountToken: false,
    ...(pullSecret === null ? {} : { imagePullSecrets: [{ name: pullSecret }] }),
  };
  return [...(withNamespace ? [own] : []), ...(pullSecret === null ? [] : [account])];
}

import type { KubeObject } from "../../src/kubernetes/kubernetes-api.ts";
import type { resources } from "../../src/kubernetes/resources.ts";

/** A kind that an operator makes for a tenant and its site. */
export type OwnedKind = keyof typeof ownedEdits;

/** What a person changes of an object of each kind that an operator keeps as it is: a JSON merge patch. */
export const ownedEdits = {
  Namespace: () => ({ metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } } }),
  ResourceQuota: () => ({ spec: { hard: { pods: "1" } } }),
  LimitRange: () => ({ spec: { limits: [{ type: "Container", max: { memory: "16Gi" } }] } }),
  Role: () => ({ rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["list"] }] }),
  RoleBinding: () => ({ subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "mallory" }] }),
  ServiceAccount: () => ({ imagePullSecrets: null }),
  // `{"auths":{}}`, which a registry's secret may say, too.
  Secret: ({ data }) => ({
    data: Object.fromEntries(Object.keys((data as object | undefined) ?? {}).map((key) => [key, "eyJhdXRocyI6e319"])),
  }),
  Deployment: ({ spec }) => imageOf(spec, "example.org/other:1"),
  StatefulSet: ({ spec }) => imageOf(spec, "example.org/other:1"),
  Service: ({ spec }) => ({ spec: { selector: { [Object.keys((spec as { selector: object }).selector)[0] ?? ""]: "other" } } }),
  ConfigMap: ({ data }) => ({ data: Object.fromEntries(Object.keys((data as object | undefined) ?? {}).map((key) => [key, "changed"])) }),
  NetworkPolicy: ({ spec }) => ({ spec: "ingress" in (spec as object) ? { ingress: [{}] } : { egress: [{}] } }),
  PodDisruptionBudget: () => ({ spec: { maxUnavailable: 2 } }),
  HorizontalPodAutoscaler: () => ({ spec: { maxReplicas: 9 } }),
  HTTPRoute: () => ({ spec: { hostnames: ["other.howdah.test"] } }),
} as const satisfies Readonly<Partial<Record<keyof typeof resources, (object: KubeObject) => object>>>;

/** All of them. */
export const ownedKinds = Object.keys(ownedEdits) as readonly OwnedKind[];

function imageOf(spec: unknown, image: string): object {
  const { template } = spec as { template: { spec: { containers: object[] } } };
  const [first, ...rest] = template.spec.containers;
  return { spec: { template: { spec: { containers: [{ ...first, image }, ...rest] } } } };
}

/** Of a tenant's namespace and its site what somebody keeps as it is: no data, no memory of workflows, nothing of the cluster's own. */
export function isKept({ kind, metadata }: KubeObject, namespace: string): boolean {
  const { name, labels = {} } = metadata;
  if (kind === "Namespace") return name === namespace;
  if (metadata.namespace !== namespace) return false;
  if (kind === "ServiceAccount") return name === "default";
  if (name === "howdah-pull") return true;
  if (kind === "Secret" && name.startsWith("howdah-")) return false; // generated values, and there is no other place where they are
  const isMemory = labels["app.kubernetes.io/component"] === "state" || labels["howdah.dev/role"] === "state";
  return (labels["app.kubernetes.io/managed-by"] === "howdah" || labels["howdah.dev/engine"] !== undefined) && !isMemory;
}

/** What an object says, without what the server, its controllers and a digest decide. */
export function saidBy({ apiVersion: _version, kind, metadata, status: _status, ...content }: KubeObject): unknown {
  const { clusterIP: _ip, clusterIPs: _ips, ...spec } = (content["spec"] ?? {}) as Readonly<Record<string, unknown>>;
  return { ...content, kind, labels: metadata.labels, spec };
}

import { createHash } from "node:crypto";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { HOWDAH_GROUP } from "../../kubernetes/resources.ts";
import { ENVIRONMENT_ROLE, environmentRules, grantedOnRules, ownRules, operatorRules } from "./operator-role.ts";

/** The heap within the pod's memory limit: with it 1,000 sites take 224 MB of resident memory, 5,000 take 400 (docs/reference/benchmarks.md). */
const HEAP = "--max-old-space-size=256 --max-semi-space-size=8";

/** How the operator is installed. */
export interface OperatorInstall {
  /** Pinned by digest, where it comes from a registry. */
  readonly image: string;
  /** A Secret of howdah-system for the registry of the operator's and the database servers' images. */
  readonly pullSecret: string | null;
  /** What was chosen for the cluster, as JSON: the key `settings` of the ConfigMap howdah-settings. */
  readonly settings: string;
}

/** Where Howdah itself lives. */
export const OWN_NAMESPACE = "howdah-system";
/** Of the operator's Deployment, service account, roles and Service. */
export const OPERATOR_NAME = "howdah-operator";
const NAME = OPERATOR_NAME;
/** The ConfigMap with what was chosen for this cluster. */
export const SETTINGS_NAME = "howdah-settings";
const PORT = 8080;
const USER = 50_000;

const selector = { "app.kubernetes.io/name": NAME };
const labels = { ...selector, "app.kubernetes.io/part-of": "howdah", "app.kubernetes.io/managed-by": "howdah" };
const own = { name: NAME, namespace: OWN_NAMESPACE, labels };
const RBAC = "rbac.authorization.k8s.io";

/** The namespace with the labels by which the engine takes it for its own. */
export function ownNamespace(): KubeObject {
  const modes = ["enforce", "warn", "audit"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]);
  const namespaceLabels = {
    "app.kubernetes.io/managed-by": "howdah",
    [`${HOWDAH_GROUP}/namespace`]: OWN_NAMESPACE,
    ...Object.fromEntries(modes),
  };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: OWN_NAMESPACE, labels: namespaceLabels } };
}

/** The settings of the cluster: data of the installation, which `uninstall` leaves. */
export function settingsMap(settings: string): KubeObject {
  const metadata = { name: SETTINGS_NAME, namespace: OWN_NAMESPACE, labels: { "app.kubernetes.io/managed-by": "howdah" } };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: { settings } };
}

/** What the operator's pods carry of the settings that they were started with, so that others start other pods: as Helm's `sha256sum` has it. */
export function settingsDigest(settings: string): string {
  return createHash("sha256").update(settings).digest("hex");
}

/** The operator and what it needs, in the order in which it is applied, without CRDs, namespace and settings. `uninstall` takes these away. */
export function operatorObjects({ image, pullSecret, settings }: OperatorInstall): readonly KubeObject[] {
  const account = { kind: "ServiceAccount", name: NAME, namespace: OWN_NAMESPACE };
  return [
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: own,
      automountServiceAccountToken: false,
      ...(pullSecret === null ? {} : { imagePullSecrets: [{ name: pullSecret }] }),
    },
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: NAME, labels }, rules: [...operatorRules, ...grantedOnRules] },
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: ENVIRONMENT_ROLE, labels }, rules: environmentRules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: NAME, labels },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: NAME },
      subjects: [account],
    },
    { apiVersion: `${RBAC}/v1`, kind: "Role", metadata: own, rules: ownRules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: own,
      roleRef: { apiGroup: RBAC, kind: "Role", name: NAME },
      subjects: [account],
    },
    ...policies(),
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: own,
      spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: own,
      spec: { selector, ports: [{ name: "metrics", port: PORT, targetPort: PORT, protocol: "TCP" }] },
    },
    deployment(image, settingsDigest(settings)),
  ];
}

/** Of namespaces that belong to a tenant: what the operator's figures say of others is none of their business. */
const NO_TENANTS = { namespaceSelector: { matchExpressions: [{ key: `${HOWDAH_GROUP}/tenant`, operator: "DoesNotExist" }] } };

/**
 * The engine closes the namespace: the operator may speak to the API server and its databases, and be asked for its health and figures by whoever is no
 * tenant.
 */
function policies(): readonly KubeObject[] {
  const type = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
  return [
    {
      ...type,
      metadata: own,
      spec: {
        podSelector: { matchLabels: selector },
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ from: [NO_TENANTS], ports: [{ protocol: "TCP", port: PORT }] }],
        egress: [{}],
      },
    },
    {
      ...type,
      metadata: { ...own, name: "databases-from-operator" },
      spec: {
        podSelector: { matchLabels: { "app.kubernetes.io/component": "database" } },
        policyTypes: ["Ingress"],
        ingress: [{ from: [{ podSelector: { matchLabels: selector } }], ports: [{ protocol: "TCP", port: 3306 }] }],
      },
    },
  ];
}

/** Two, of which one works: the other takes over within the lease's time when a node is lost. Settings are read at the start: others, another pod. */
function deployment(image: string, digest: string): KubeObject {
  const probe = (path: string): object => ({ httpGet: { path, port: PORT }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 6 });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: own,
    spec: {
      replicas: 2,
      revisionHistoryLimit: 3,
      selector: { matchLabels: selector },
      // One is enough to take over: both new ones start at once, and an upgrade takes half the time.
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
      template: {
        metadata: { labels, annotations: { [`${HOWDAH_GROUP}/settings-digest`]: digest } },
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            fsGroup: USER,
            seccompProfile: { type: "RuntimeDefault" },
          },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "kubernetes.io/hostname",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: selector },
            },
          ],
          containers: [
            {
              name: "operator",
              image,
              imagePullPolicy: "IfNotPresent",
              env: [
                { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                { name: "NODE_OPTIONS", value: HEAP },
              ],
              ports: [{ name: "metrics", containerPort: PORT, protocol: "TCP" }],
              livenessProbe: probe("/healthz"),
              readinessProbe: probe("/readyz"),
              resources: { requests: { cpu: "50m", memory: "192Mi" }, limits: { memory: "512Mi" } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
            },
          ],
          volumes: [{ name: "tmp", emptyDir: { sizeLimit: "64Mi" } }],
        },
      },
    },
  };
}

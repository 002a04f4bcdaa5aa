const NAME = "metrics-server";
const NAMESPACE = "kube-system";
const LABELS = { "k8s-app": NAME };
const named = { name: NAME, namespace: NAMESPACE, labels: LABELS };
const RBAC = "rbac.authorization.k8s.io";
const SECRET = "metrics-server-serving";
const PORT = 10_250;

/** What the API server calls it, and so whom its certificate is for. */
export const metricsSubject = {
  file: NAME,
  authority: "ca",
  name: NAME,
  names: [`${NAME}.${NAMESPACE}.svc`],
} as const;

/** PEM texts: the certificate and key that metrics-server shows, and the authority that signed it. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
  readonly authority: string;
}

/** metrics-server and its API `metrics.k8s.io`, with the rights that its own manifests ask for. The kubelets' certificates are checked. */
export function metricsServerObjects(image: string, { cert, key, authority }: ServingCertificate): readonly object[] {
  const own = { kind: "ServiceAccount", name: NAME, namespace: NAMESPACE };
  const binding = (name: string, role: string): object => ({
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name, labels: LABELS },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
    subjects: [own],
  });
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: named },
    clusterRole(
      "system:aggregated-metrics-reader",
      [{ apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] }],
      {
        "rbac.authorization.k8s.io/aggregate-to-view": "true",
        "rbac.authorization.k8s.io/aggregate-to-edit": "true",
        "rbac.authorization.k8s.io/aggregate-to-admin": "true",
      },
    ),
    clusterRole("system:metrics-server", [
      { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
    ]),
    binding("system:metrics-server", "system:metrics-server"),
    binding("metrics-server:system:auth-delegator", "system:auth-delegator"),
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { ...named, name: "metrics-server-auth-reader" },
      roleRef: { apiGroup: RBAC, kind: "Role", name: "extension-apiserver-authentication-reader" },
      subjects: [own],
    },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { ...named, name: SECRET },
      type: "kubernetes.io/tls",
      stringData: { "tls.crt": cert, "tls.key": key },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: named,
      spec: { selector: LABELS, ports: [{ name: "https", port: 443, targetPort: "https" }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: named,
      spec: { selector: { matchLabels: LABELS }, template: { metadata: { labels: LABELS }, spec: podSpec(image) } },
    },
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1beta1.metrics.k8s.io", labels: LABELS },
      spec: {
        group: "metrics.k8s.io",
        version: "v1beta1",
        groupPriorityMinimum: 100,
        versionPriority: 100,
        service: { name: NAME, namespace: NAMESPACE },
        caBundle: Buffer.from(authority).toString("base64"),
      },
    },
  ];
}

function clusterRole(name: string, rules: readonly object[], aggregation: Readonly<Record<string, string>> = {}): object {
  return { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name, labels: { ...LABELS, ...aggregation } }, rules };
}

function podSpec(image: string): object {
  const args = [
    `--secure-port=${String(PORT)}`,
    "--tls-cert-file=/serving/tls.crt",
    "--tls-private-key-file=/serving/tls.key",
    "--kubelet-preferred-address-types=InternalIP",
    "--kubelet-use-node-status-port",
    // The authority of service accounts signs the kubelets' certificates here, too.
    "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
    // Tests wait for numbers: 10 s is the shortest that it takes, and a kubelet must answer in less.
    "--metric-resolution=10s",
    "--kubelet-request-timeout=5s",
    // Nodes that are only played have no kubelet to ask.
    "--node-selector=type!=kwok",
  ];
  return {
    serviceAccountName: NAME,
    priorityClassName: "system-cluster-critical",
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: NAME,
        image,
        imagePullPolicy: "Never",
        args,
        ports: [{ name: "https", containerPort: PORT }],
        readinessProbe: { httpGet: { path: "/readyz", port: "https", scheme: "HTTPS" }, periodSeconds: 2, failureThreshold: 3 },
        resources: { requests: { cpu: "20m", memory: "48Mi" }, limits: { memory: "192Mi" } },
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
        volumeMounts: [{ name: "serving", mountPath: "/serving", readOnly: true }],
      },
    ],
    volumes: [{ name: "serving", secret: { secretName: SECRET, defaultMode: 0o444 } }],
  };
}

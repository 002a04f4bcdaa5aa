const NAME = "custom-metrics";
/** As the cluster's settings name it: policies of sites let it read their figures. */
export const NAMESPACE = "monitoring";
const LABELS = { "app.kubernetes.io/name": NAME };
const named = { name: NAME, namespace: NAMESPACE, labels: LABELS };
const RBAC = "rbac.authorization.k8s.io";
const SECRET = `${NAME}-serving`;
const PORT = 6443;

/** What the API server calls it, and so whom its certificate is for. */
export const customMetricsSubject = { file: NAME, authority: "ca", name: NAME, names: [`${NAME}.${NAMESPACE}.svc`] } as const;

/** PEM texts: the certificate and key that it shows, and the authority that signed it. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
  readonly authority: string;
}

/** The program, its API `custom.metrics.k8s.io`, the right to list pods, and the autoscaler's right to ask it. */
export function customMetricsObjects(image: string, { cert, key, authority }: ServingCertificate): readonly object[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: named },
    ...allow(`${NAME}:pods`, [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }], {
      ...{ kind: "ServiceAccount", name: NAME, namespace: NAMESPACE },
    }),
    ...allow(`${NAME}:reader`, [{ apiGroups: ["custom.metrics.k8s.io"], resources: ["*"], verbs: ["get", "list"] }], {
      ...{ kind: "ServiceAccount", name: "horizontal-pod-autoscaler", namespace: "kube-system" },
    }),
    {
      ...{ apiVersion: "v1", kind: "Secret", metadata: { ...named, name: SECRET }, type: "kubernetes.io/tls" },
      stringData: { "tls.crt": cert, "tls.key": key },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: named },
      spec: { selector: LABELS, ports: [{ name: "https", port: 443, targetPort: PORT }] },
    },
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: named },
      spec: { selector: { matchLabels: LABELS }, template: { metadata: { labels: LABELS }, spec: podSpec(image) } },
    },
    {
      ...{
        apiVersion: "apiregistration.k8s.io/v1",
        kind: "APIService",
        metadata: { name: "v1beta2.custom.metrics.k8s.io", labels: LABELS },
      },
      spec: {
        ...{ group: "custom.metrics.k8s.io", version: "v1beta2", groupPriorityMinimum: 100, versionPriority: 100 },
        service: { name: NAME, namespace: NAMESPACE },
        caBundle: Buffer.from(authority).toString("base64"),
      },
    },
  ];
}

function allow(name: string, rules: readonly object[], subject: object): readonly object[] {
  const metadata = { name, labels: LABELS };
  return [
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata, rules },
    {
      ...{ apiVersion: `${RBAC}/v1`, kind: "ClusterRoleBinding", metadata },
      ...{ roleRef: { apiGroup: RBAC, kind: "ClusterRole", name }, subjects: [subject] },
    },
  ];
}

function podSpec(image: string): object {
  return {
    serviceAccountName: NAME,
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        ...{ name: NAME, image, imagePullPolicy: "Never", ports: [{ name: "https", containerPort: PORT }] },
        readinessProbe: { httpGet: { path: "/readyz", port: PORT, scheme: "HTTPS" }, periodSeconds: 2 },
        resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
        volumeMounts: [{ name: "serving", mountPath: "/serving", readOnly: true }],
      },
    ],
    volumes: [{ name: "serving", secret: { secretName: SECRET, defaultMode: 0o444 } }],
  };
}

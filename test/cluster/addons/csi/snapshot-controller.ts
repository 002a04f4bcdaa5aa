const NAME = "snapshot-controller";
const RBAC = "rbac.authorization.k8s.io";
const look = ["get", "list", "watch"];

/** Kubernetes' controller of VolumeSnapshots, which a cluster has once whatever its drivers. It tells which node's sidecar a snapshot is for. */
export function snapshotController(image: string): readonly object[] {
  const metadata = { name: NAME, namespace: "kube-system" };
  const account = { kind: "ServiceAccount", ...metadata };
  const snapshots = "snapshot.storage.k8s.io";
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name: NAME },
      rules: [
        { apiGroups: [""], resources: ["persistentvolumes", "nodes"], verbs: look },
        { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: [...look, "update"] },
        { apiGroups: [""], resources: ["events"], verbs: ["list", "watch", "create", "update", "patch"] },
        { apiGroups: [snapshots], resources: ["volumesnapshotclasses"], verbs: look },
        { apiGroups: [snapshots], resources: ["volumesnapshotcontents"], verbs: [...look, "create", "update", "patch", "delete"] },
        { apiGroups: [snapshots], resources: ["volumesnapshots"], verbs: [...look, "create", "update", "patch", "delete"] },
        { apiGroups: [snapshots], resources: ["volumesnapshots/status", "volumesnapshotcontents/status"], verbs: ["update", "patch"] },
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: NAME },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: NAME },
      subjects: [account],
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: NAME } },
        template: {
          metadata: { labels: { app: NAME } },
          spec: {
            serviceAccountName: NAME,
            priorityClassName: "system-cluster-critical",
            tolerations: ["not-ready", "unreachable"].map((state) => ({
              ...{ key: `node.kubernetes.io/${state}`, operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 },
            })),
            containers: [
              {
                name: NAME,
                image,
                imagePullPolicy: "Never",
                args: ["--enable-distributed-snapshotting", "--retry-interval-max=10s"],
                resources: { requests: { cpu: "5m", memory: "24Mi" }, limits: { memory: "128Mi" } },
              },
            ],
          },
        },
      },
    },
  ];
}

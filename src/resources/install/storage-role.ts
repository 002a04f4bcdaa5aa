import type { Rule } from "./operator-role.ts";

const look = ["get", "list", "watch"];

/** What the sidecars of the driver may do in the whole cluster, as their own manifests have it, without what the driver doesn't offer (groups of snapshots, attaching). */
export const storageClusterRules: readonly Rule[] = [
  { apiGroups: [""], resources: ["persistentvolumes"], verbs: [...look, "create", "patch", "delete"] },
  { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: [...look, "update"] },
  { apiGroups: [""], resources: ["events"], verbs: ["list", "watch", "create", "update", "patch"] },
  { apiGroups: [""], resources: ["nodes"], verbs: look },
  { apiGroups: ["storage.k8s.io"], resources: ["storageclasses", "csinodes"], verbs: look },
  { apiGroups: ["snapshot.storage.k8s.io"], resources: ["volumesnapshotclasses"], verbs: look },
  { apiGroups: ["snapshot.storage.k8s.io"], resources: ["volumesnapshots"], verbs: [...look, "update"] },
  { apiGroups: ["snapshot.storage.k8s.io"], resources: ["volumesnapshotcontents"], verbs: [...look, "update", "patch"] },
  { apiGroups: ["snapshot.storage.k8s.io"], resources: ["volumesnapshotcontents/status"], verbs: ["update", "patch"] },
];

/** What they may do in their own namespace: tell what each node has left. */
export const storageOwnRules: readonly Rule[] = [
  { apiGroups: ["storage.k8s.io"], resources: ["csistoragecapacities"], verbs: [...look, "create", "update", "patch", "delete"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
];

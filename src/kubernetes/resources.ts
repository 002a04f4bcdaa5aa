import type { ObjectName, Resource } from "./kubernetes-api.ts";

/** The API group of our own resources. */
export const HOWDAH_GROUP = "howdah.dev";

function namespaced(group: string, version: string, kind: string, plural: string): Resource {
  return { group, version, kind, plural, namespaced: true };
}

function ofCluster(group: string, version: string, kind: string, plural: string): Resource {
  return { group, version, kind, plural, namespaced: false };
}

/**
 * Every kind of object that we read or write, with its place in the API, so that no request asks the server first (discovery) and the
 * operator's roles can be made from one table. All versions are served from Kubernetes 1.29 on; `HTTPRoute` and `Gateway` come with the
 * Gateway API, the last ones with Howdah.
 */
export const resources = {
  Namespace: ofCluster("", "v1", "Namespace", "namespaces"),
  Node: ofCluster("", "v1", "Node", "nodes"),
  Pod: namespaced("", "v1", "Pod", "pods"),
  Service: namespaced("", "v1", "Service", "services"),
  ConfigMap: namespaced("", "v1", "ConfigMap", "configmaps"),
  Secret: namespaced("", "v1", "Secret", "secrets"),
  PersistentVolumeClaim: namespaced("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
  ServiceAccount: namespaced("", "v1", "ServiceAccount", "serviceaccounts"),
  ResourceQuota: namespaced("", "v1", "ResourceQuota", "resourcequotas"),
  LimitRange: namespaced("", "v1", "LimitRange", "limitranges"),
  Event: namespaced("", "v1", "Event", "events"),
  Endpoints: namespaced("", "v1", "Endpoints", "endpoints"),
  EndpointSlice: namespaced("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
  Deployment: namespaced("apps", "v1", "Deployment", "deployments"),
  StatefulSet: namespaced("apps", "v1", "StatefulSet", "statefulsets"),
  ReplicaSet: namespaced("apps", "v1", "ReplicaSet", "replicasets"),
  Job: namespaced("batch", "v1", "Job", "jobs"),
  HorizontalPodAutoscaler: namespaced("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
  PodDisruptionBudget: namespaced("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
  NetworkPolicy: namespaced("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
  Ingress: namespaced("networking.k8s.io", "v1", "Ingress", "ingresses"),
  HTTPRoute: namespaced("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
  Gateway: namespaced("gateway.networking.k8s.io", "v1", "Gateway", "gateways"),
  Lease: namespaced("coordination.k8s.io", "v1", "Lease", "leases"),
  Role: namespaced("rbac.authorization.k8s.io", "v1", "Role", "roles"),
  RoleBinding: namespaced("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
  ClusterRole: ofCluster("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles"),
  ClusterRoleBinding: ofCluster("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings"),
  CustomResourceDefinition: ofCluster("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions"),
  PriorityClass: ofCluster("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses"),
  StorageClass: ofCluster("storage.k8s.io", "v1", "StorageClass", "storageclasses"),
  VolumeSnapshot: namespaced("snapshot.storage.k8s.io", "v1", "VolumeSnapshot", "volumesnapshots"),
  VolumeSnapshotContent: ofCluster("snapshot.storage.k8s.io", "v1", "VolumeSnapshotContent", "volumesnapshotcontents"),
  VolumeSnapshotClass: ofCluster("snapshot.storage.k8s.io", "v1", "VolumeSnapshotClass", "volumesnapshotclasses"),
  DatabaseServer: ofCluster(HOWDAH_GROUP, "v1alpha1", "DatabaseServer", "databaseservers"),
  Tenant: ofCluster(HOWDAH_GROUP, "v1alpha1", "Tenant", "tenants"),
  Dataset: namespaced(HOWDAH_GROUP, "v1alpha1", "Dataset", "datasets"),
  Backup: namespaced(HOWDAH_GROUP, "v1alpha1", "Backup", "backups"),
  BackupStore: namespaced(HOWDAH_GROUP, "v1alpha1", "BackupStore", "backupstores"),
  Site: namespaced(HOWDAH_GROUP, "v1alpha1", "Site", "sites"),
  Environment: namespaced(HOWDAH_GROUP, "v1alpha1", "Environment", "environments"),
  Release: namespaced(HOWDAH_GROUP, "v1alpha1", "Release", "releases"),
} as const satisfies Record<string, Resource>;

/** `apps/v1`, or `v1` for the core group: what `apiVersion` of the resource's objects says. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}

/** The resource of an object by its `apiVersion` and `kind`; undefined when it is none of ours. */
export function resourceOf(object: { readonly apiVersion: string; readonly kind: string }): Resource | undefined {
  const known: Readonly<Record<string, Resource>> = resources;
  const found = Object.hasOwn(known, object.kind) ? known[object.kind] : undefined;
  return found !== undefined && apiVersionOf(found) === object.apiVersion ? found : undefined;
}

/**
 * The path of a resource's objects: `/apis/apps/v1/namespaces/blog/deployments`, without a namespace those of all namespaces.
 * Names are escaped: whatever is in them, they stay one segment.
 */
export function collectionPath(resource: Resource, namespace: string | undefined): string {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  return resource.namespaced && namespace !== undefined
    ? `${root}/namespaces/${segment(namespace)}/${resource.plural}`
    : `${root}/${resource.plural}`;
}

/** The path of one object, or of a subresource of it. */
export function objectPath({ resource, namespace, name }: ObjectName, subresource?: string): string {
  const path = `${collectionPath(resource, namespace)}/${segment(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** `.` and `..` would be taken away by URL parsers, and no object can be named so. */
function segment(name: string): string {
  if (name === "" || name === "." || name === "..") throw new Error(`${JSON.stringify(name)} names no object`);
  return encodeURIComponent(name);
}

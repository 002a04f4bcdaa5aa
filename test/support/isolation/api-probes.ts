/** A question to the API server that a tenant's developer must not get an answer to. */
export interface ApiProbe {
  readonly what: string;
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

/** Where the probes go: the developer's own namespace, another tenant's, and Howdah's. */
export interface ApiPlaces {
  readonly own: string;
  readonly other: string;
  readonly system: string;
}

type Short = readonly [what: string, method: ApiProbe["method"], path: string, body?: object];

const GROUP = "/apis/howdah.dev/v1alpha1";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const NET = "/apis/networking.k8s.io/v1";
/** Whoever may do it is told what would come of it; nothing is written. */
const DRY = "dryRun=All&fieldManager=probe";

const named = (apiVersion: string, kind: string, more: object = {}): object => ({ apiVersion, kind, metadata: { name: "probe" }, ...more });
/** Of Pod Security's strictest kind: refused for who asks, not for what it is. */
const securityContext = {
  ...{ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  ...{ runAsNonRoot: true, runAsUser: 50_000, seccompProfile: { type: "RuntimeDefault" } },
};
const container = { name: "probe", image: "busybox", securityContext };
const pod = named("v1", "Pod", { spec: { containers: [container] } });
const job = named("batch/v1", "Job", { spec: { template: { spec: { containers: [container], restartPolicy: "Never" } } } });
const admin = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
const binding = (kind: string): object =>
  named("rbac.authorization.k8s.io/v1", kind, {
    roleRef: admin,
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "probe" }],
  });
const token = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
const noSpec = { spec: {} };

/** In a namespace that is another's. */
function inForeign(namespace: string): readonly Short[] {
  const core = `/api/v1/namespaces/${namespace}`;
  return [
    ["lists secrets", "GET", `${core}/secrets`],
    ["reads the database's secret", "GET", `${core}/secrets/database`],
    ["watches secrets", "GET", `${core}/secrets?watch=1&timeoutSeconds=1`],
    ["writes a secret", "POST", `${core}/secrets?${DRY}`, named("v1", "Secret")],
    ["lists config maps", "GET", `${core}/configmaps`],
    ["changes a config map", "PATCH", `${core}/configmaps/kube-root-ca.crt?${DRY}`, named("v1", "ConfigMap")],
    ["lists pods", "GET", `${core}/pods`],
    ["makes a pod", "POST", `${core}/pods?${DRY}`, pod],
    ["reads a pod's log", "GET", `${core}/pods/victim/log`],
    ["runs a program in a pod", "POST", `${core}/pods/victim/exec?command=id&stdout=1`],
    ["attaches to a pod", "POST", `${core}/pods/victim/attach?stdout=1`],
    ["forwards a port of a pod", "POST", `${core}/pods/victim/portforward`],
    ["asks a pod through the API server", "GET", `${core}/pods/victim:8080/proxy/`],
    ["asks a service through the API server", "GET", `${core}/services/victim:8080/proxy/`],
    [
      "evicts a pod",
      "POST",
      `${core}/pods/victim/eviction?${DRY}`,
      { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "victim" }, deleteOptions: { dryRun: ["All"] } },
    ],
    ["deletes a pod", "DELETE", `${core}/pods/victim?${DRY}`],
    ["puts a container into a pod", "PATCH", `${core}/pods/victim/ephemeralcontainers?${DRY}`, noSpec],
    ["takes a service account's token", "POST", `${core}/serviceaccounts/default/token?${DRY}`, token],
    ["lists events", "GET", `${core}/events`],
    ["lists services", "GET", `${core}/services`],
    ["points a service elsewhere", "PATCH", `${core}/services/victim?${DRY}`, noSpec],
    ["lists volumes", "GET", `${core}/persistentvolumeclaims`],
    ["deletes volumes", "DELETE", `${core}/persistentvolumeclaims?${DRY}`],
    ["reads its quota", "GET", `${core}/resourcequotas`],
    ["lists deployments", "GET", `/apis/apps/v1/namespaces/${namespace}/deployments`],
    ["changes a deployment", "PATCH", `/apis/apps/v1/namespaces/${namespace}/deployments/victim?${DRY}`, noSpec],
    ["scales a stateful set", "PATCH", `/apis/apps/v1/namespaces/${namespace}/statefulsets/victim/scale?${DRY}`, { spec: { replicas: 0 } }],
    ["starts a job", "POST", `/apis/batch/v1/namespaces/${namespace}/jobs?${DRY}`, job],
    ["lists cron jobs", "GET", `/apis/batch/v1/namespaces/${namespace}/cronjobs`],
    ["lists policies", "GET", `${NET}/namespaces/${namespace}/networkpolicies`],
    ["opens a policy", "PATCH", `${NET}/namespaces/${namespace}/networkpolicies/default-deny?${DRY}`, noSpec],
    ["lists routes", "GET", `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes`],
    ["lists leases", "GET", `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`],
    ["gives itself a role", "POST", `${RBAC}/namespaces/${namespace}/rolebindings?${DRY}`, binding("RoleBinding")],
  ];
}

/** Of Howdah, in another tenant's namespace. */
function ofHowdah(namespace: string): readonly Short[] {
  const own = `${GROUP}/namespaces/${namespace}`;
  return [
    ["lists sites", "GET", `${own}/sites`],
    ["lists environments", "GET", `${own}/environments`],
    ["changes an environment", "PATCH", `${own}/environments/production?${DRY}`, noSpec],
    ["lists releases", "GET", `${own}/releases`],
    ["makes a release", "POST", `${own}/releases?${DRY}`, named("howdah.dev/v1alpha1", "Release", noSpec)],
    ["deletes a site", "DELETE", `${own}/sites/victim?${DRY}`],
    ["writes a status", "PATCH", `${own}/environments/production/status?${DRY}`, { status: {} }],
  ];
}

/** Of the whole cluster. */
function ofTheCluster({ own, other }: ApiPlaces): readonly Short[] {
  return [
    ["lists namespaces", "GET", "/api/v1/namespaces"],
    ["reads its neighbour's namespace", "GET", `/api/v1/namespaces/${other}`],
    [
      "takes the guard off its own namespace",
      "PATCH",
      `/api/v1/namespaces/${own}?${DRY}`,
      { metadata: { labels: { "pod-security.kubernetes.io/enforce": null } } },
    ],
    ["lists all secrets", "GET", "/api/v1/secrets"],
    ["lists all pods", "GET", "/api/v1/pods"],
    ["lists all events", "GET", "/api/v1/events"],
    ["lists all config maps", "GET", "/api/v1/configmaps"],
    ["lists nodes", "GET", "/api/v1/nodes"],
    ["asks a node through the API server", "GET", "/api/v1/nodes/node-1/proxy/pods"],
    ["reads a node's figures", "GET", "/api/v1/nodes/node-1/proxy/metrics/cadvisor"],
    ["drains a node", "PATCH", `/api/v1/nodes/node-1?${DRY}`, { spec: { unschedulable: true } }],
    ["lists volumes of all", "GET", "/api/v1/persistentvolumes"],
    ["lists tenants", "GET", `${GROUP}/tenants`],
    ["reads its own tenant", "GET", `${GROUP}/tenants/${own}`],
    ["gives itself its neighbour's namespace", "PATCH", `${GROUP}/tenants/${own}?${DRY}`, { spec: { namespaces: [own, other] } }],
    ["makes a tenant", "POST", `${GROUP}/tenants?${DRY}`, named("howdah.dev/v1alpha1", "Tenant", noSpec)],
    ["deletes its neighbour", "DELETE", `${GROUP}/tenants/${other}?${DRY}`],
    ["lists database servers", "GET", `${GROUP}/databaseservers`],
    [
      "names a database server",
      "POST",
      `${GROUP}/databaseservers?${DRY}`,
      named("howdah.dev/v1alpha1", "DatabaseServer", { spec: { kind: "embedded" } }),
    ],
    ["lists all sites", "GET", `${GROUP}/sites`],
    ["lists all releases", "GET", `${GROUP}/releases`],
    ["lists all environments", "GET", `${GROUP}/environments`],
    ["changes a definition", "PATCH", `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tenants.howdah.dev?${DRY}`, noSpec],
    ["becomes an administrator", "POST", `${RBAC}/clusterrolebindings?${DRY}`, binding("ClusterRoleBinding")],
    ["makes a role", "POST", `${RBAC}/clusterroles?${DRY}`, named("rbac.authorization.k8s.io/v1", "ClusterRole", { rules: [] })],
    [
      "makes a hook of the API server",
      "POST",
      `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?${DRY}`,
      named("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ],
    [
      "makes a class of priority",
      "POST",
      `/apis/scheduling.k8s.io/v1/priorityclasses?${DRY}`,
      named("scheduling.k8s.io/v1", "PriorityClass", { value: 1 }),
    ],
    [
      "makes a class of storage",
      "POST",
      `/apis/storage.k8s.io/v1/storageclasses?${DRY}`,
      named("storage.k8s.io/v1", "StorageClass", { provisioner: "example.test/none" }),
    ],
    [
      "asks for a certificate",
      "POST",
      `/apis/certificates.k8s.io/v1/certificatesigningrequests?${DRY}`,
      named("certificates.k8s.io/v1", "CertificateSigningRequest", {
        spec: { request: "", signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"] },
      }),
    ],
    [
      "tries another's token",
      "POST",
      `/apis/authentication.k8s.io/v1/tokenreviews?${DRY}`,
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "x" } },
    ],
    [
      "asks what others may do",
      "POST",
      `/apis/authorization.k8s.io/v1/subjectaccessreviews?${DRY}`,
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user: "other", nonResourceAttributes: { path: "/", verb: "get" } },
      },
    ],
    ["reads the API server's figures", "GET", "/metrics"],
    ["reads the API server's settings", "GET", "/configz"],
    ["registers an API", "POST", `/apis/apiregistration.k8s.io/v1/apiservices?${DRY}`, named("apiregistration.k8s.io/v1", "APIService")],
    ["changes the way in of all", "PATCH", `/apis/gateway.networking.k8s.io/v1/gatewayclasses/any?${DRY}`, noSpec],
  ];
}

/** In its own namespace, what would lift what bounds it. */
function onItsOwn(namespace: string): readonly Short[] {
  const core = `/api/v1/namespaces/${namespace}`;
  return [
    ["lists secrets", "GET", `${core}/secrets`],
    ["reads its pull secret", "GET", `${core}/secrets/registry`],
    ["makes a pod of its own", "POST", `${core}/pods?${DRY}`, pod],
    ["opens its policy", "PATCH", `${NET}/namespaces/${namespace}/networkpolicies/default-deny?${DRY}`, noSpec],
    [
      "makes a policy",
      "POST",
      `${NET}/namespaces/${namespace}/networkpolicies?${DRY}`,
      named("networking.k8s.io/v1", "NetworkPolicy", { spec: { podSelector: {} } }),
    ],
    ["lifts its quota", "PATCH", `${core}/resourcequotas/howdah-tenant?${DRY}`, noSpec],
    ["deletes its quota", "DELETE", `${core}/resourcequotas/howdah-tenant?${DRY}`],
    ["takes a service account's token", "POST", `${core}/serviceaccounts/default/token?${DRY}`, token],
    ["gives itself a role", "POST", `${RBAC}/namespaces/${namespace}/rolebindings?${DRY}`, binding("RoleBinding")],
    ["widens its role", "PATCH", `${RBAC}/namespaces/${namespace}/roles/howdah-developer?${DRY}`, { rules: [] }],
    [
      "makes a service that leads anywhere",
      "POST",
      `${core}/services?${DRY}`,
      named("v1", "Service", { spec: { ports: [{ port: 80 }], externalIPs: ["10.0.0.1"] } }),
    ],
    [
      "makes a slice that leads anywhere",
      "POST",
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?${DRY}`,
      named("discovery.k8s.io/v1", "EndpointSlice", { addressType: "IPv4", endpoints: [] }),
    ],
    [
      "makes a way in",
      "POST",
      `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes?${DRY}`,
      named("gateway.networking.k8s.io/v1", "HTTPRoute", noSpec),
    ],
    ["makes a claim of storage", "POST", `${core}/persistentvolumeclaims?${DRY}`, named("v1", "PersistentVolumeClaim", noSpec)],
    [
      "writes a status of its environment",
      "PATCH",
      `${GROUP}/namespaces/${namespace}/environments/production/status?${DRY}`,
      { status: {} },
    ],
    ["deletes its site with its data", "DELETE", `${GROUP}/namespaces/${namespace}/sites/any?${DRY}`],
  ];
}

/** Every probe, in words that say where. */
export function apiProbes(places: ApiPlaces): readonly ApiProbe[] {
  const { own, other, system } = places;
  const all: readonly (readonly [where: string, probes: readonly Short[]])[] = [
    ["its neighbour's", inForeign(other)],
    ["its neighbour's", ofHowdah(other)],
    ["Howdah's", inForeign(system)],
    ["the cluster's", ofTheCluster(places)],
    ["its own", onItsOwn(own)],
  ];
  return all.flatMap(([where, probes]) =>
    probes.map(
      ([what, method, path, body]): ApiProbe => ({ what: `${what} (${where})`, method, path, ...(body === undefined ? {} : { body }) }),
    ),
  );
}

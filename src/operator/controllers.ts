import type { ListOptions } from "../kubernetes/kubernetes-api.ts";
import type { ObjectView } from "../kubernetes/object-store.ts";
import { DATABASE_SECRET, GENERATED_SECRET, PULL_SECRET, SESSIONS_SECRET, SYSTEM_NAMESPACE, TENANT_KEYS } from "../kernel/own-names.ts";
import { HOWDAH_GROUP, type resources } from "../kubernetes/resources.ts";
import { hostnamesOf } from "../kubernetes/route-hostnames.ts";
import { BREED_JOB_LABEL } from "../kernel/breed-labels.ts";
import { PRODUCTION } from "../workflows/cluster/cluster-place.ts";
import { BY_NAMESPACE } from "./known-api.ts";
import { previewOf } from "./preview/preview-place.ts";
import { TENANT_LABEL } from "./tenant/tenant-objects.ts";

/** What the engine wrote has this label. */
const OWN = `${HOWDAH_GROUP}/engine`;

/** What is watched of the cluster, and in which way. */
export interface Watched {
  readonly kind: keyof typeof resources;
  /** Of some kinds only what is ours. */
  readonly select?: ListOptions;
  /** Who changed a Site, or pinned a release, decides what follows, and what others changed of our objects is put right. */
  readonly withManagers?: true;
}

const own = { select: { labelSelector: OWN }, withManagers: true } as const;
const tenants = { select: { labelSelector: TENANT_LABEL } };

/** Nobody may list all secrets of a cluster: those that Howdah writes are asked for by name, and of these only what has its label is answered. */
function ownSecret(name: string): { readonly select: ListOptions; readonly withManagers: true } {
  return { select: { labelSelector: OWN, fieldSelector: `metadata.name=${name}` }, withManagers: true };
}

/** What the operator watches: all that a look at something reads, so that one which finds nothing to do asks the server for nothing. */
export const WATCHES = {
  Tenant: { kind: "Tenant" },
  Namespace: { kind: "Namespace", select: { labelSelector: `${HOWDAH_GROUP}/namespace` } },
  ResourceQuota: { kind: "ResourceQuota", ...tenants },
  LimitRange: { kind: "LimitRange", ...tenants },
  Role: { kind: "Role", ...tenants },
  RoleBinding: { kind: "RoleBinding", ...tenants },
  /** Pods pull with what it names. */
  ServiceAccount: { kind: "ServiceAccount", select: { fieldSelector: "metadata.name=default" } },
  PullSecret: {
    kind: "Secret",
    select: { labelSelector: "app.kubernetes.io/managed-by=howdah", fieldSelector: `metadata.name=${PULL_SECRET}` },
  },
  /** Tenants' keys: pods that have former ones are replaced. */
  TenantKeys: {
    kind: "Secret",
    select: { labelSelector: "app.kubernetes.io/managed-by=howdah", fieldSelector: `metadata.name=${TENANT_KEYS}` },
  },
  /** A cluster whose definitions are older has none: a Helm upgrade brings no new ones. */
  DatabaseServer: { kind: "DatabaseServer" },
  Site: { kind: "Site", withManagers: true },
  Environment: { kind: "Environment", withManagers: true },
  Release: { kind: "Release" },
  // What environments are made of: whatever of it somebody takes away or changes is put right.
  Deployment: { kind: "Deployment", ...own },
  StatefulSet: { kind: "StatefulSet", ...own },
  Pod: { kind: "Pod", select: own.select },
  /** The same for these two. */
  Backup: { kind: "Backup" },
  Dataset: { kind: "Dataset" },
  /** Of Datasets. */
  BreedJob: { kind: "Job", select: { labelSelector: BREED_JOB_LABEL } },
  /** Of Backups. */
  BackupJob: { kind: "Job", select: { labelSelector: `${HOWDAH_GROUP}/backup` } },
  /** Runs of crons: the scheduler looks at them, environments don't. */
  Job: { kind: "Job", select: own.select },
  Service: { kind: "Service", ...own },
  ConfigMap: { kind: "ConfigMap", ...own },
  NetworkPolicy: { kind: "NetworkPolicy", ...own },
  PodDisruptionBudget: { kind: "PodDisruptionBudget", ...own },
  HorizontalPodAutoscaler: { kind: "HorizontalPodAutoscaler", ...own },
  PersistentVolumeClaim: { kind: "PersistentVolumeClaim", ...own },
  Ingress: { kind: "Ingress", ...own },
  GeneratedSecret: { kind: "Secret", ...ownSecret(GENERATED_SECRET) },
  DatabaseSecret: { kind: "Secret", ...ownSecret(DATABASE_SECRET) },
  SessionsSecret: { kind: "Secret", ...ownSecret(SESSIONS_SECRET) },
  /** Those of database servers. */
  ServerSecret: { kind: "Secret", select: { namespace: SYSTEM_NAMESPACE, labelSelector: OWN }, withManagers: true },
  HTTPRoute: { kind: "HTTPRoute", ...own },
  /** What workflows remember of a namespace. */
  State: { kind: "ConfigMap", select: { labelSelector: "app.kubernetes.io/managed-by=howdah,app.kubernetes.io/component=state" } },
  /** The Service of the cluster's name server. */
  NameServer: { kind: "Service", select: { namespace: "kube-system", labelSelector: "k8s-app=kube-dns" } },
} as const satisfies Readonly<Record<string, Watched>>;

/** A watch's name. */
export type WatchName = keyof typeof WATCHES;

/** Watches of what a cluster may not know: nobody waits for them. */
export const MAY_BE_UNKNOWN: ReadonlySet<WatchName> = new Set(["DatabaseServer", "Backup", "Dataset"]);

/** All of them. */
export const WATCH_NAMES = Object.keys(WATCHES) as readonly WatchName[];

/** Stores of what is watched. A cluster without the Gateway API has no routes to watch. */
export type Stores<T> = Readonly<Record<Exclude<WatchName, "HTTPRoute">, T>> & { readonly HTTPRoute?: T };

/** The kinds that are brought to what they ask for. */
export type ReconciledKind = "Tenant" | "DatabaseServer" | "Backup" | "Dataset" | "Site" | "Environment";

/** `Site/acme/blog`, `Tenant//acme`: one key of the queue. */
export function queueKey(kind: ReconciledKind, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ""}/${name}`;
}

/** What a key of the queue names. */
export function parseQueueKey(key: string): {
  readonly kind: ReconciledKind;
  readonly namespace: string | undefined;
  readonly name: string;
} {
  const [kind = "", namespace = "", name = ""] = key.split("/");
  return { kind: kind as ReconciledKind, namespace: namespace === "" ? undefined : namespace, name };
}

/**
 * Which keys have to be looked at when an object that is watched changed or went; `key` is the store's (`namespace/name`, or `name`). It may be more
 * than needed, never less: whoever looks reads everything anew.
 */
export function affected(
  watch: WatchName,
  key: string,
  stores: Pick<Stores<Pick<ObjectView, "all" | "get" | "select">>, "Namespace" | "Site" | "Tenant"> & Routes,
): readonly string[] {
  const slash = key.indexOf("/");
  const [namespace, name] = slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)];
  const sites = (): readonly string[] =>
    stores.Site.select(BY_NAMESPACE, namespace ?? "").map(({ metadata }) => queueKey("Site", namespace, metadata.name));
  const owner = (ofNamespace: string): readonly string[] => {
    const tenant = stores.Namespace.get(ofNamespace)?.metadata.labels?.[TENANT_LABEL];
    return tenant === undefined ? [] : [queueKey("Tenant", undefined, tenant)];
  };
  // A namespace that went has no labels any more to ask.
  const tenants = (ofNamespace: string): readonly string[] => {
    const known = owner(ofNamespace);
    return known.length > 0 ? known : stores.Tenant.all().map(({ metadata }) => queueKey("Tenant", undefined, metadata.name));
  };
  if (namespace === SYSTEM_NAMESPACE && !["Site", "Environment", "Release", "Backup", "BackupJob", "Dataset", "BreedJob"].includes(watch))
    return ofServer(name, stores);
  switch (watch) {
    case "Tenant":
      return [queueKey("Tenant", undefined, name), ...environmentsOf(name, stores)];
    case "DatabaseServer":
      return [queueKey("DatabaseServer", undefined, name)];
    case "Backup":
      return [queueKey("Backup", namespace, name)];
    case "Dataset":
      return [queueKey("Dataset", namespace, name)];
    case "BreedJob": // a Dataset has the name of its Site
      return stores.Site.select(BY_NAMESPACE, namespace ?? "").map((site) => queueKey("Dataset", namespace, site.metadata.name));
    case "BackupJob":
      return [queueKey("Backup", namespace, backupOfJob(name))];
    case "Namespace":
      return [...tenants(key), ...previewAt(key)];
    case "ResourceQuota":
    case "LimitRange":
    case "Role":
    case "RoleBinding":
      return tenants(namespace ?? "");
    case "ServiceAccount":
    case "PullSecret":
      return owner(namespace ?? "");
    case "NameServer":
    case "Job":
      return [];
    case "Site":
      return [...new Set([queueKey("Site", namespace, name), ...sites()])];
    case "Environment":
      return [queueKey("Environment", namespace, name), ...sites(), ...suspendedOwner(namespace, stores), ...previewAt(namespace ?? "")];
    case "Release":
      return [queueKey("Environment", namespace, PRODUCTION), ...sites()];
    case "HTTPRoute":
    case "Ingress":
      return [...new Set([namespace, ...rivals(watch, key, stores)])].map((one) => queueKey("Environment", one, PRODUCTION));
    case "NetworkPolicy":
    case "TenantKeys":
      return [queueKey("Environment", namespace, PRODUCTION), ...owner(namespace ?? "")];
    default:
      return [queueKey("Environment", namespace, PRODUCTION)];
  }
}

/** The Environment that a namespace was made for says what is so there. */
function previewAt(namespace: string): readonly string[] {
  const preview = previewOf(namespace);
  return preview === undefined ? [] : [queueKey("Environment", preview.of, preview.name)];
}

/** `howdah-backup-NAME-1234abcd`. */
function backupOfJob(job: string): string {
  return job.replace(/^howdah-backup-/, "").replace(/-[0-9a-f]{8}$/, "");
}

/** Environments follow their tenant: a suspended one rests. */
function environmentsOf(tenant: string, { Namespace }: Pick<Stores<Pick<ObjectView, "all">>, "Namespace">): readonly string[] {
  return Namespace.all()
    .filter(({ metadata }) => metadata.labels?.[TENANT_LABEL] === tenant)
    .map(({ metadata }) => queueKey("Environment", metadata.name, PRODUCTION));
}

/** A namespace of a suspended tenant is closed once its environment rests. */
function suspendedOwner(
  namespace: string | undefined,
  { Namespace, Tenant }: Pick<Stores<Pick<ObjectView, "get">>, "Namespace" | "Tenant">,
): readonly string[] {
  const tenant = Namespace.get(namespace ?? "")?.metadata.labels?.[TENANT_LABEL];
  const spec = tenant === undefined ? undefined : Tenant.get(tenant)?.["spec"];
  const suspended = (spec as { readonly suspended?: unknown } | undefined)?.suspended === true;
  return tenant !== undefined && suspended ? [queueKey("Tenant", undefined, tenant)] : [];
}

/** The index by which a store of routes finds those that have a hostname. */
export const BY_HOSTNAME = "hostname";

/** What knows who has which hostname. */
export type Routes = Readonly<Partial<Record<"HTTPRoute" | "Ingress", Pick<ObjectView, "get" | "select">>>>;

/** Namespaces that claim a hostname of this route, too: of two that were written at once either may be the one that has to go. */
function rivals(watch: "HTTPRoute" | "Ingress", key: string, { HTTPRoute, Ingress }: Routes): readonly (string | undefined)[] {
  const route = (watch === "HTTPRoute" ? HTTPRoute : Ingress)?.get(key);
  const hostnames = route === undefined ? [] : hostnamesOf(route);
  return hostnames
    .flatMap((hostname) => [HTTPRoute, Ingress].flatMap((one) => one?.select(BY_HOSTNAME, hostname) ?? []))
    .map(({ metadata }) => metadata.namespace);
}

/**
 * What keeps the parts of a database server, which all sites with a database share: the environment that a policy lets in, or any one of them. An
 * environment's look brings its server to what it should be.
 */
function ofServer(
  name: string,
  { Namespace, Site }: Pick<Stores<Pick<ObjectView, "all" | "get">>, "Namespace" | "Site">,
): readonly string[] {
  const letIn = /-from-([a-z0-9-]+)$/.exec(name)?.[1];
  if (letIn !== undefined && Namespace.get(letIn) !== undefined) return [queueKey("Environment", letIn, PRODUCTION)];
  const one = Site.all().find(({ spec }) => (spec as { readonly database?: unknown } | undefined)?.database !== undefined);
  return one === undefined ? [] : [queueKey("Environment", one.metadata.namespace, PRODUCTION)];
}

import { OWN_SECRETS, PULL_SECRET, TENANT_KEYS } from "../../kernel/own-names.ts";
import { HOWDAH_GROUP } from "../../kubernetes/resources.ts";

/** A rule of a role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Left out: objects of any name. */
  readonly resourceNames?: readonly string[];
}

/** Name of the ClusterRole with `environmentRules`, which the operator binds itself to in those namespaces. */
export const ENVIRONMENT_ROLE = "howdah-environment";

function rule(group: string, resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [group], resources, verbs };
}

/** Of these names only: a request for all objects of the kind is refused. */
function ofNames(resources: readonly string[], verbs: readonly string[], resourceNames: readonly string[]): Rule {
  return { ...rule("", resources, verbs), resourceNames };
}

/** Server-side apply asks for both: it may make the object or change it. */
const APPLY = ["create", "patch"];
const WATCH = ["get", "list", "watch"];

/**
 * What the operator may do in the whole cluster: tenants' namespaces come and go. No `*`, no escalation, and no deletion of a site's volumes: they are made
 * and grown. Of environments for development and review, whose volumes are copies, it has that right in their namespaces
 * alone (ADR 48). Sites and namespaces it deletes only of a Tenant that a person deleted who said when its data goes (ADR 37). Of secrets it may list and watch
 * those that it writes itself, by their names: one that somebody takes away is missed (ADR 25).
 */
export const operatorRules: readonly Rule[] = [
  rule("", ["namespaces"], [...WATCH, ...APPLY, "delete"]),
  rule("", ["services", "configmaps"], [...WATCH, ...APPLY, "delete"]),
  rule("", ["configmaps"], ["update"]),
  rule("", ["persistentvolumeclaims"], [...WATCH, ...APPLY]),
  // A snapshot is handed over to an environment's namespace by its handle, which is in an object of the cluster.
  rule("snapshot.storage.k8s.io", ["volumesnapshots", "volumesnapshotcontents"], ["get", "list", ...APPLY, "delete"]),
  rule("snapshot.storage.k8s.io", ["volumesnapshotclasses"], ["list"]),
  rule("storage.k8s.io", ["storageclasses"], ["get", "list"]),
  // Deleted is the key pair of a tenant that is gone.
  rule("", ["secrets"], ["get", ...APPLY, "delete"]),
  rule("", ["pods"], [...WATCH, "create", "delete"]),
  rule("", ["pods/log"], ["get"]),
  // Over a WebSocket it is a GET: up to 1.34 the API server asks for `get`, from 1.35 on for `create`.
  rule("", ["pods/exec", "pods/portforward"], ["get", "create"]),
  rule("", ["events"], ["list", "create"]),
  ofNames(["secrets"], ["list", "watch"], [...OWN_SECRETS, PULL_SECRET, TENANT_KEYS]),
  ofNames(["serviceaccounts"], [...WATCH, "patch"], ["default"]),
  // Of breeds of datasets: each runs as its namespace's own.
  rule("", ["serviceaccounts"], ["create"]),
  ofNames(["serviceaccounts"], ["get", "patch"], ["howdah-breeder"]),
  rule("", ["resourcequotas", "limitranges"], [...WATCH, ...APPLY, "delete"]),
  rule("apps", ["deployments"], [...WATCH, ...APPLY, "delete"]),
  rule("apps", ["statefulsets"], [...WATCH, ...APPLY, "delete"]),
  rule("batch", ["jobs"], [...WATCH, ...APPLY, "delete"]),
  rule("autoscaling", ["horizontalpodautoscalers"], [...WATCH, ...APPLY, "delete"]),
  rule("policy", ["poddisruptionbudgets"], [...WATCH, ...APPLY, "delete"]),
  rule("networking.k8s.io", ["networkpolicies"], [...WATCH, ...APPLY, "delete"]),
  rule("networking.k8s.io", ["ingresses"], [...WATCH, ...APPLY, "delete"]),
  rule("gateway.networking.k8s.io", ["httproutes"], [...WATCH, ...APPLY, "delete"]),
  rule("rbac.authorization.k8s.io", ["roles", "rolebindings"], [...WATCH, ...APPLY, "delete"]),
  { ...rule("rbac.authorization.k8s.io", ["clusterroles"], ["bind"]), resourceNames: [ENVIRONMENT_ROLE] },
  // Of database servers outside of the cluster: where their Services lead.
  rule("discovery.k8s.io", ["endpointslices"], ["get", ...APPLY]),
  rule(HOWDAH_GROUP, ["databaseservers"], [...WATCH, "patch"]),
  rule(HOWDAH_GROUP, ["tenants"], [...WATCH, "patch"]),
  rule(HOWDAH_GROUP, ["backups", "datasets"], [...WATCH, "patch"]),
  rule(HOWDAH_GROUP, ["backupstores"], ["get"]),
  rule(HOWDAH_GROUP, ["sites"], [...WATCH, "delete"]),
  rule(HOWDAH_GROUP, ["environments"], [...WATCH, ...APPLY, "delete"]),
  rule(HOWDAH_GROUP, ["releases"], [...WATCH, "create", "delete"]),
  rule(
    HOWDAH_GROUP,
    ["databaseservers/status", "tenants/status", "backups/status", "datasets/status", "sites/status", "environments/status"],
    ["patch"],
  ),
  rule(HOWDAH_GROUP, ["releases/status"], ["update"]),
];

/**
 * What the operator may do in the namespaces of environments for development and review alone, by a RoleBinding that it makes there: one that is made anew
 * gets other copies.
 */
export const environmentRules: readonly Rule[] = [rule("", ["persistentvolumeclaims"], ["delete"])];

/**
 * What the operator never does itself and holds only because nobody can give a right that he does not have: the rights of tenants' admins and
 * developers on their own sites.
 */
export const grantedOnRules: readonly Rule[] = [
  rule(HOWDAH_GROUP, ["sites"], ["create", "patch"]),
  rule(HOWDAH_GROUP, ["backups", "datasets"], ["create", "delete"]),
  rule(HOWDAH_GROUP, ["backupstores"], ["create", "patch", "delete"]),
  rule(HOWDAH_GROUP, ["backupstores"], ["list", "watch"]),
  rule(HOWDAH_GROUP, ["releases"], ["patch"]),
];

/**
 * Of its own namespace: the lease by which one of several operators works, the secrets of the database servers, which are there, and its own service
 * account: those servers pull with the Secret that it names.
 */
export const ownRules: readonly Rule[] = [
  rule("coordination.k8s.io", ["leases"], ["get", "create", "update"]),
  rule("", ["secrets"], ["list", "watch"]),
  ofNames(["serviceaccounts"], ["get"], ["howdah-operator"]),
];

import { HOWDAH_GROUP } from "../../kubernetes/resources.ts";

/** A rule of a role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

function rule(group: string, resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [group], resources, verbs };
}

/** Server-side apply asks for both: it may make the object or change it. */
const APPLY = ["create", "patch"];
const WATCH = ["get", "list", "watch"];

/**
 * What the operator may do in the whole cluster: tenants' namespaces come and go. No `*`, no list of secrets, no escalation, and no deletion of
 * namespaces, volumes or sites. Volumes are made and grown, never deleted: that is a person's verb.
 */
export const operatorRules: readonly Rule[] = [
  rule("", ["namespaces"], [...WATCH, ...APPLY]),
  rule("", ["services", "configmaps"], [...WATCH, ...APPLY, "delete"]),
  rule("", ["configmaps"], ["update"]),
  rule("", ["persistentvolumeclaims"], [...WATCH, ...APPLY]),
  rule("", ["secrets"], ["get", ...APPLY, "delete"]),
  rule("", ["pods"], [...WATCH, "create", "delete"]),
  rule("", ["pods/log"], ["get"]),
  // Over a WebSocket it is a GET: up to 1.34 the API server asks for `get`, from 1.35 on for `create`.
  rule("", ["pods/exec", "pods/portforward"], ["get", "create"]),
  rule("", ["events"], ["list", "create"]),
  rule("", ["serviceaccounts"], ["get", "patch"]),
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
  rule(HOWDAH_GROUP, ["tenants"], [...WATCH, "patch"]),
  rule(HOWDAH_GROUP, ["sites"], WATCH),
  rule(HOWDAH_GROUP, ["environments"], [...WATCH, ...APPLY]),
  rule(HOWDAH_GROUP, ["releases"], [...WATCH, "create", "delete"]),
  rule(HOWDAH_GROUP, ["tenants/status", "sites/status", "environments/status"], ["patch"]),
  rule(HOWDAH_GROUP, ["releases/status"], ["update"]),
];

/**
 * What the operator never does itself and holds only because nobody can give a right that he does not have: the rights of tenants' admins and
 * developers on their own sites.
 */
export const grantedOnRules: readonly Rule[] = [
  rule(HOWDAH_GROUP, ["sites"], ["create", "patch", "delete"]),
  rule(HOWDAH_GROUP, ["releases"], ["patch"]),
];

/** Of its own namespace: the lease by which one of several operators works. */
export const leaseRules: readonly Rule[] = [rule("coordination.k8s.io", ["leases"], ["get", "create", "update"])];

import { HOWDAH_GROUP } from "../../kubernetes/resources.ts";

/** Who a person is to a tenant. */
export type TenantRole = "admin" | "developer" | "viewer";

/** A rule of a Role. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const WATCH = ["get", "list", "watch"];

/** All that an environment is made of, but secrets: what `status`, `logs` and `cron ls` read. */
const look: readonly PolicyRule[] = [
  { apiGroups: [HOWDAH_GROUP], resources: ["sites", "environments", "releases", "backups", "backupstores", "datasets"], verbs: WATCH },
  { apiGroups: [""], resources: ["pods", "services", "configmaps", "persistentvolumeclaims"], verbs: WATCH },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
  { apiGroups: ["apps"], resources: ["deployments", "statefulsets"], verbs: WATCH },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: WATCH },
  { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: WATCH },
  { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: WATCH },
  { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies", "ingresses"], verbs: WATCH },
  { apiGroups: ["gateway.networking.k8s.io"], resources: ["httproutes"], verbs: WATCH },
];

/** A cron's run by hand is a Job. */
const deploy: readonly PolicyRule[] = [
  { apiGroups: [HOWDAH_GROUP], resources: ["sites", "environments", "releases"], verbs: ["create", "patch"] },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "patch"] },
  { apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] },
];

const manage: readonly PolicyRule[] = [
  { apiGroups: [HOWDAH_GROUP], resources: ["sites"], verbs: ["delete"] },
  // A restore replaces what a site holds, and a store says where its data goes.
  { apiGroups: [HOWDAH_GROUP], resources: ["backups", "backupstores"], verbs: ["create", "patch", "delete"] },
  // Whoever breeds reads all that the site has, with its rules.
  { apiGroups: [HOWDAH_GROUP], resources: ["datasets"], verbs: ["create", "patch", "delete"] },
  { apiGroups: [""], resources: ["secrets"], verbs: ["get", "create", "patch", "delete"] },
];

/** What each role may do in a tenant's namespaces: the next includes the one before it. None may list secrets. */
export const tenantRoles: Readonly<Record<TenantRole, readonly PolicyRule[]>> = {
  viewer: look,
  developer: [...look, ...deploy],
  admin: [...look, ...deploy, ...manage],
};

/** What is left of a role while its tenant is suspended: nobody starts a Job, or a program in a pod. Pure. */
export function startingNothing(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  return rules.filter(
    ({ resources, verbs }) => !resources.includes("pods/exec") && !(resources.includes("jobs") && verbs.includes("create")),
  );
}

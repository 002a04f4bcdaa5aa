import { HOWDAH_GROUP } from "../../kubernetes/resources.ts";

/** Who a person is to a tenant. */
export type TenantRole = "admin" | "developer" | "viewer";

/** A rule of a Role. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const look: readonly PolicyRule[] = [
  { apiGroups: [HOWDAH_GROUP], resources: ["sites", "environments", "releases"], verbs: ["get", "list", "watch"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
  { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "list", "watch"] },
];

const deploy: readonly PolicyRule[] = [
  { apiGroups: [HOWDAH_GROUP], resources: ["sites", "environments", "releases"], verbs: ["create", "patch"] },
  { apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] },
];

const manage: readonly PolicyRule[] = [
  { apiGroups: [HOWDAH_GROUP], resources: ["sites"], verbs: ["delete"] },
  { apiGroups: [""], resources: ["secrets"], verbs: ["get", "create", "patch", "delete"] },
];

/** What each role may do in a tenant's namespaces: the next includes the one before it. None may list secrets. */
export const tenantRoles: Readonly<Record<TenantRole, readonly PolicyRule[]>> = {
  viewer: look,
  developer: [...look, ...deploy],
  admin: [...look, ...deploy, ...manage],
};

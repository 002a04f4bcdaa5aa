import { profileQuotas } from "../../catalog/tenant-profiles.ts";
import { CLOSED_QUOTA } from "../../kernel/own-names.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { HOWDAH_GROUP } from "../../kubernetes/resources.ts";
import { renderNamespace } from "../../render/cluster/namespace.ts";
import type { TenantSpec } from "../../resources/schema/tenant.ts";
import { startingNothing, type TenantRole, tenantRoles } from "./tenant-roles.ts";

/** Whose a namespace is. */
export const TENANT_LABEL = `${HOWDAH_GROUP}/tenant`;

/** Name of the objects that a tenant has one of in each namespace. */
const NAME = "howdah-tenant";

/** The namespaces that a tenant asks for, without doubles. */
export function namespacesOf(tenant: string, spec: TenantSpec): readonly string[] {
  return [...new Set(spec.namespaces ?? [tenant])];
}

/** Pods of these classes push others away when a node or the cluster is full, whoever's they are: a cron by hand is a Job, which may name any class. */
const PUSHING = ["system-cluster-critical", "system-node-critical"];

/** The engine takes only namespaces that were given to it by this label, with the name that it has for them. */
const ENGINE_LABEL = `${HOWDAH_GROUP}/namespace`;

/** Everything that guards one namespace of a tenant but its policies and its pull secret, the namespace first. `pods`: so many at most, while it is suspended. Pure. */
export function tenantObjects(tenant: string, spec: TenantSpec, namespace: string, pods?: number): readonly KubeObject[] {
  const labels = { "app.kubernetes.io/managed-by": "howdah", [TENANT_LABEL]: tenant };
  const metadata = { name: NAME, namespace, labels };
  const hard = quotaOf(spec);
  const own = renderNamespace(namespace, { pullSecret: null, withNamespace: true }).map((object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels, [ENGINE_LABEL]: namespace } },
  }));
  return [
    ...own,
    noPushing({ ...metadata, name: "howdah-priority" }),
    ...(pods === undefined
      ? []
      : [
          {
            apiVersion: "v1",
            kind: "ResourceQuota",
            metadata: { ...metadata, name: CLOSED_QUOTA },
            spec: { hard: { pods: String(pods) } },
          },
        ]),
    ...(hard === undefined ? [] : [{ apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } }]),
    ...(spec.limits === undefined ? [] : [{ apiVersion: "v1", kind: "LimitRange", metadata, spec: { limits: [limitsOf(spec.limits)] } }]),
    ...(["admin", "developer", "viewer"] as const).flatMap((role) => roleObjects(role, spec, { namespace, labels })),
  ];
}

function noPushing(metadata: KubeObject["metadata"]): KubeObject {
  const scopeSelector = { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: PUSHING }] };
  return { apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard: { pods: "0" }, scopeSelector } };
}

/** Objects of these kinds that a tenant no longer asks for are taken away by name; nothing else of a namespace ever is. */
export const tenantNames: readonly { readonly kind: "ResourceQuota" | "LimitRange" | "RoleBinding" | "Role"; readonly name: string }[] = [
  { kind: "ResourceQuota", name: NAME },
  { kind: "ResourceQuota", name: CLOSED_QUOTA },
  { kind: "LimitRange", name: NAME },
  ...(["admin", "developer", "viewer"] as const).flatMap((role) => [
    { kind: "RoleBinding" as const, name: roleName(role) },
    { kind: "Role" as const, name: roleName(role) },
  ]),
];

function roleName(role: TenantRole): string {
  return `howdah-${role}`;
}

function roleObjects(
  role: TenantRole,
  spec: TenantSpec,
  place: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
): readonly KubeObject[] {
  const { users = [], groups = [] } = spec.roles?.[role] ?? {};
  if (users.length + groups.length === 0) return [];
  const apiGroup = "rbac.authorization.k8s.io";
  const metadata = { name: roleName(role), ...place };
  const subjects = [
    ...users.map((name) => ({ apiGroup, kind: "User", name })),
    ...groups.map((name) => ({ apiGroup, kind: "Group", name })),
  ];
  return [
    {
      apiVersion: `${apiGroup}/v1`,
      kind: "Role",
      metadata,
      rules: spec.suspended === true ? startingNothing(tenantRoles[role]) : tenantRoles[role],
    },
    { apiVersion: `${apiGroup}/v1`, kind: "RoleBinding", metadata, subjects, roleRef: { apiGroup, kind: "Role", name: roleName(role) } },
  ];
}

/** The profile's, then the storage that is reserved, then what somebody wrote himself. */
function quotaOf({ profile, storage, quota }: TenantSpec): Record<string, string> | undefined {
  const hard = {
    ...(profile === undefined || profile === "own" ? {} : profileQuotas[profile]),
    ...(storage === undefined ? {} : { "requests.storage": storage }),
    ...quota,
  };
  return Object.keys(hard).length === 0 ? undefined : textual(hard);
}

/** Quantities as the API server writes them, so that what is applied again is equal. */
function textual(amounts: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, String(amount)]));
}

function limitsOf({ default: fallback, defaultRequest, max }: NonNullable<TenantSpec["limits"]>): object {
  return {
    type: "Container",
    ...(fallback === undefined ? {} : { default: textual(fallback) }),
    ...(defaultRequest === undefined ? {} : { defaultRequest: textual(defaultRequest) }),
    ...(max === undefined ? {} : { max: textual(max) }),
  };
}

import type { Resource } from "../kubernetes/kubernetes-api.ts";

/** The API group of our kinds. */
export const GROUP = "howdah.dev";

/** Their version. */
export const VERSION = "v1alpha1";

const ours = { group: GROUP, version: VERSION } as const;

export const SITE: Resource = { ...ours, kind: "Site", plural: "sites", namespaced: true };
export const ENVIRONMENT: Resource = { ...ours, kind: "Environment", plural: "environments", namespaced: true };
export const RELEASE: Resource = { ...ours, kind: "Release", plural: "releases", namespaced: true };
export const TENANT: Resource = { ...ours, kind: "Tenant", plural: "tenants", namespaced: false };

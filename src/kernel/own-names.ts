/** The namespace of what sites share on a machine: database servers. */
export const SYSTEM_NAMESPACE = "howdah-system";

/** Name of a site's secret with its database's credentials: `password` and `uid` in the store, what variables need in the engine. */
export const DATABASE_SECRET = "database";

/** Name of a site's secret with its generated variables. */
export const GENERATED_SECRET = "generated";

/** Name of a site's secret for its session server: `password` for PHP, `users.acl` for the server. */
export const SESSIONS_SECRET = "session-server";

/** Name of the copy of a registry's secret in the namespaces of a tenant: always the same, so that an operator may watch it by its name. */
export const PULL_SECRET = "howdah-pull";

/**
 * Names of a site's secrets that Howdah makes and keeps: no person stores anything under them. On a cluster the engine makes copies of them for
 * pods; every other one is a person's and is mounted as it is.
 */
export const OWN_SECRETS: readonly string[] = [DATABASE_SECRET, GENERATED_SECRET, SESSIONS_SECRET];

/** The ResourceQuota that lets no pods into a namespace of a suspended tenant. */
export const CLOSED_QUOTA = "howdah-suspended";

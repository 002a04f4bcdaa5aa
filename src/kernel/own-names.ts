/** The namespace of what sites share on a machine: database servers. */
export const SYSTEM_NAMESPACE = "howdah-system";

/** Name of a site's secret with its database's credentials: `password` and `uid` in the store, what variables need in the engine. */
export const DATABASE_SECRET = "database";

/** Name of a site's secret with its generated variables. */
export const GENERATED_SECRET = "generated";

/** Name of a site's secret with the key of its dataset's masks: who has it can find out whose a fake is. No environment ever gets it. */
export const DATASET_SECRET = "dataset";

/** Name of a site's secret for its session server: `password` for PHP, `users.acl` for the server. */
export const SESSIONS_SECRET = "session-server";

/** Name of an environment's secret with the password that browsers ask for: `password` in the store, `htpasswd` in the engine. */
export const ACCESS_SECRET = "environment-access";

/** Name of the secret of an environment's own database server: its administrator's password, and the files that it reads. */
export const OWN_SERVER_SECRET = "database-server";

/** Name of the copy of a registry's secret in the namespaces of a tenant: always the same, so that an operator may watch it by its name. */
export const PULL_SECRET = "howdah-pull";

/**
 * Name of the secret with a tenant's key pair for JSON Web Tokens that each site of it has: `private-key`, `public-key` (PEM), `key-id`, `jwks.json` with
 * every public key that is valid.
 */
export const TENANT_KEYS = "tenant-keys";

/**
 * Names of a site's secrets that Howdah makes and keeps: no person stores anything under them. On a cluster the engine makes copies of them for
 * pods; every other one is a person's and is mounted as it is.
 */
export const OWN_SECRETS: readonly string[] = [DATABASE_SECRET, GENERATED_SECRET, SESSIONS_SECRET];

/** Names of secrets of which the engine of a cluster makes copies for pods: those, and what an environment has beside. */
export const COPIED_SECRETS: readonly string[] = [...OWN_SECRETS, ACCESS_SECRET, OWN_SERVER_SECRET];

/** Names under which no person stores anything: those, and what an environment has beside. */
export const RESERVED_SECRETS: readonly string[] = [...COPIED_SECRETS, DATASET_SECRET];

/** The ResourceQuota that lets no pods into a namespace of a suspended tenant. */
export const CLOSED_QUOTA = "howdah-suspended";

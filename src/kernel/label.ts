/** The one label prefix of ours; everything else uses `app.kubernetes.io/*`. */
export const LABEL_PREFIX = "howdah.dev";

/** uid and gid of every process in our images (R-A5 of the requirements: one fixed number, so that volumes never need a recursive chown). */
export const RUN_AS = 50000;

/** Where the code lives in both containers: nginx and PHP must see it at the same path, else SCRIPT_FILENAME is wrong (R-A3). */
export const CODE_ROOT = "/srv/web";

/** Annotation of an HTTPRoute: seconds without a visit after which its namespace is put to sleep. */
export const IDLE_ANNOTATION = `${LABEL_PREFIX}/idle-after`;

/** Annotation of an HTTPRoute: whose visits keep its namespace awake, `people` (without it) or `anyone`. */
export const WAKES_ANNOTATION = `${LABEL_PREFIX}/idle-wakes`;

/** Annotation of an HTTPRoute on one machine: the tenant whose site it leads to. Clusters know whose by the namespace. */
export const TENANT_ANNOTATION = `${LABEL_PREFIX}/tenant`;

/** Annotation of a Deployment: the URL that new pods must answer with a status below 400 before the way in leads to them. */
export const HEALTH_ANNOTATION = `${LABEL_PREFIX}/health`;

/** Annotation of a Deployment: the most replicas it may have when the load asks for them. Clusters follow it. */
export const MOST_REPLICAS_ANNOTATION = `${LABEL_PREFIX}/most-replicas`;

/** Annotation of a Deployment beside it: PHP workers of one pod, whose busy share is what is watched. */
export const WORKERS_ANNOTATION = `${LABEL_PREFIX}/workers`;

/**
 * Annotation of a Deployment on a cluster, and of a policy that closes the way out: servers that pods connect to (`ldap.example.org:389`), divided by
 * blanks.
 */
export const CONNECTS_ANNOTATION = `${LABEL_PREFIX}/connects-to`;

/** Annotation of an Environment whose change asks the operator for the failed release once more. */
export const RETRY_ANNOTATION = `${LABEL_PREFIX}/retry`;

/** Annotation of a Tenant that is suspended: a pod may start in its namespaces to read what is handed over. */
export const HAND_OVER_ANNOTATION = `${LABEL_PREFIX}/hand-over`;

/** Annotation of a Tenant: any new value asks for another key pair; what the former one signed stays valid. */
export const ROTATE_KEY_ANNOTATION = `${LABEL_PREFIX}/rotate-key`;

/** Annotation of a Tenant: any new value ends the former key pair's validity. */
export const FINISH_KEY_ANNOTATION = `${LABEL_PREFIX}/finish-key-rotation`;

/** Annotation of a Tenant that is being deleted: from this time (RFC 3339) on its namespaces go with all data. Without it they stay. */
export const DELETE_DATA_ANNOTATION = `${LABEL_PREFIX}/delete-data-after`;

/** Annotation of a Deployment: the namespace of the site that it is an environment of. What was compiled of the same image there, or in another one, is its too. */
export const ENVIRONMENT_OF_ANNOTATION = `${LABEL_PREFIX}/environment-of`;

/** Annotation of a claim on one machine: its volume lies in the storage of datasets, where copies of it cost nothing. One with a `dataSource` always does. */
export const COPIED_ANNOTATION = `${LABEL_PREFIX}/copied`;

/** On an Environment with data of its own: another value than the last one makes it anew, `current/VALUE` or `g12/VALUE` of that generation. */
export const RESET_ANNOTATION = `${LABEL_PREFIX}/reset`;

/** What a tenant's sites get. Null: what the site file says; 0: no bound. */
export interface TenantBounds {
  /** Copies of each site's pods. */
  readonly replicas: number | null;
  /** PHP workers of one pod. */
  readonly workers: number | null;
  /** Memory of one pod, in bytes. */
  readonly memoryBytes: number | null;
  /** Connections of each site's database user at one time. */
  readonly connections: number;
  /** Seconds that a statement may take. */
  readonly statementSeconds: number;
  /** The most that a writable path may ask for, and what `howdah usage` measures a site's storage against. */
  readonly diskBytes: number | null;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/**
 * Profiles that are sold as they are. Connections are twice the workers and some for crons, because a release that rolls has both; a worker has
 * at least 60 MiB (thesis: 80 MB a request at most, runtime facts section 9: 5 to 15 MiB mostly).
 */
export const tenantProfiles = {
  small: { replicas: 1, workers: 4, memoryBytes: 256 * MIB, connections: 12, statementSeconds: 60, diskBytes: 2 * GIB },
  medium: { replicas: 1, workers: 8, memoryBytes: 640 * MIB, connections: 24, statementSeconds: 120, diskBytes: 10 * GIB },
  large: { replicas: 2, workers: 16, memoryBytes: 1280 * MIB, connections: 72, statementSeconds: 300, diskBytes: 50 * GIB },
} as const satisfies Readonly<Record<string, TenantBounds>>;

/**
 * What a namespace of a cluster may ask for with a profile, in Kubernetes' names. A release that rolls has its pods twice, its trial beside them, and
 * crons run: memory is eight times a pod's, and more.
 */
export const profileQuotas: Readonly<Record<keyof typeof tenantProfiles, Readonly<Record<string, string>>>> = {
  small: { "limits.memory": "3Gi", "requests.storage": "5Gi", pods: "25" },
  medium: { "limits.memory": "8Gi", "requests.storage": "20Gi", pods: "40" },
  large: { "limits.memory": "24Gi", "requests.storage": "100Gi", pods: "80" },
};

/** A name of a profile; `own`: every number was given by hand. */
export type TenantProfile = keyof typeof tenantProfiles | "own";

/** Bounds that a tenant of its own has until somebody sets them: none. */
export const noBounds: TenantBounds = {
  ...{ replicas: null, workers: null, memoryBytes: null },
  ...{ connections: 0, statementSeconds: 0, diskBytes: null },
};

/** True for a name that `--profile` takes. */
export function isTenantProfile(name: string): name is TenantProfile {
  return name === "own" || name in tenantProfiles;
}

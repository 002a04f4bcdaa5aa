/** What an engine sees of one pod. */
export interface ObservedPod {
  readonly name: string;
  readonly workload: string;
  /** Digest of the pod template that it was made from. */
  readonly templateDigest: string;
  readonly phase: "Pending" | "Running" | "Failed";
  readonly ready: boolean;
  readonly ip?: string;
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
    readonly running: boolean;
    readonly restarts: number;
    readonly exitCode?: number;
    readonly memoryBytes?: number;
    /** Of this container since it started. */
    readonly cpuSeconds?: number;
  }[];
}

/** What an engine sees of one Deployment or StatefulSet. */
export interface ObservedWorkload {
  readonly name: string;
  readonly kind: "Deployment" | "StatefulSet";
  readonly wanted: number;
  readonly ready: number;
  /** True while it was scaled down by `howdah down`. */
  readonly down: boolean;
}

/** Facts about one namespace, gathered by an engine; conditions are made from them by pure functions. */
export interface Observed {
  readonly namespace: string;
  /** While it sleeps because nobody visits it: since when (RFC 3339), and why it could not be woken the last time. */
  readonly idle?: { readonly since: string; readonly failure?: string };
  readonly workloads: readonly ObservedWorkload[];
  readonly pods: readonly ObservedPod[];
  readonly routes: readonly { readonly name: string; readonly hostnames: readonly string[]; readonly backends: number }[];
  readonly volumes: readonly { readonly claim: string; readonly usedBytes?: number; readonly requestedBytes: number }[];
}

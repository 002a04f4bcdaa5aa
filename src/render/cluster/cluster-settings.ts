/** How visitors reach the sites of a cluster. TLS ends there, or, with `service`, in the site's own nginx. */
export type WayIn =
  /** HTTPRoutes at a Gateway that the cluster's operator keeps. */
  | {
      readonly kind: "gateway";
      readonly namespace: string;
      readonly name: string;
      /** Names of its listeners (`sectionName`) for HTTP and HTTPS; null: the route attaches to all that accept it. */
      readonly http: string | null;
      readonly https: string | null;
    }
  | {
      readonly kind: "ingress";
      /** IngressClass; null: the cluster's default. */
      readonly class: string | null;
      /** For controllers and cert-manager (`cert-manager.io/cluster-issuer`). */
      readonly annotations: Readonly<Record<string, string>>;
    }
  /** The Service itself is reached from outside, at 80 and, with a certificate of the site's own, at 443. */
  | { readonly kind: "service"; readonly type: "NodePort" | "LoadBalancer" }
  /** Only from inside the cluster. */
  | { readonly kind: "none" };

/** What rendering must know of a cluster to turn a site's objects into those that its API server takes. Plain data. */
export interface ClusterSettings {
  readonly namespace: string;
  /** Of the API server: `1.34`, `v1.34.4`. Decides between fields that not every version has. */
  readonly version: string;
  readonly wayIn: WayIn;
  readonly storage: {
    /** StorageClass of volumes that all pods share; null: the cluster's default. */
    readonly shared: string | null;
    /** `ReadWriteOnce` is for clusters of one node, and those without a distributed file system: pods then share a node. */
    readonly sharedAccess: "ReadWriteMany" | "ReadWriteOnce";
    /** StorageClass of volumes for one pod (databases); null: the cluster's default. */
    readonly single: string | null;
    /** StorageClass of environments' volumes that are copies, as far as it is of their snapshots' driver; null: one is chosen. */
    readonly copies?: string | null;
    /** StorageClass of local mounts (caches, one for each pod); null: the node's own disk (emptyDir). */
    readonly local: string | null;
    /**
     * Where session servers keep logins: a volume outlives their pod, as far as another node can mount it; in memory they are lost with the pod, and
     * another one serves within a minute wherever there is room. For clusters whose volumes lie on one node's disk.
     */
    readonly sessions: "volume" | "memory";
  };
  /** PriorityClass of all pods; null: the cluster's default. */
  readonly priorityClass: string | null;
  readonly requests: {
    /** CPU of each container. Sites wait for databases and visitors most of the time, so it is small. */
    readonly cpu: string;
    /** Share of the memory limit, 1 to 100. 100: a node never promises memory that it hasn't. */
    readonly memoryPercent: number;
  };
  readonly network: {
    /** Namespaces whose pods connect to web servers: the way in's controller, the operator's checks. Empty: anybody. */
    readonly from: readonly string[];
    /** Namespaces whose pods read figures of the status port (Prometheus). Empty: nobody. */
    readonly monitoring: readonly string[];
    /** Addresses of name servers that are no pods of `kube-system` (NodeLocal DNSCache, a resolver outside). */
    readonly nameServers: readonly string[];
    /** Private networks (CIDR) that sites may connect to, beyond what their files name. The internet is always open. */
    readonly privateNetworks: readonly string[];
  };
}

/** Where nothing is said: a Gateway or Ingress is the cluster's own choice, so there is none. */
export const defaultClusterSettings: Omit<ClusterSettings, "namespace"> = {
  version: "1.34",
  wayIn: { kind: "none" },
  storage: { shared: null, sharedAccess: "ReadWriteMany", single: null, local: null, sessions: "volume" },
  priorityClass: null,
  requests: { cpu: "10m", memoryPercent: 100 },
  network: { from: [], monitoring: [], nameServers: [], privateNetworks: [] },
};

/** The minor version: 34 of `v1.34.4+k3s1`. Of what it can't read it takes the oldest that Howdah knows, 29, whose fields all have. */
export function minorOf(version: string): number {
  return Number(/^v?1\.(\d{1,3})/.exec(version)?.[1] ?? 29);
}

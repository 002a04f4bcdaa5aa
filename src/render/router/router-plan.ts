/** One server behind a router. */
export interface RouterNode {
  /** As Galera knows it (`wsrep_node_name`): a DNS label. */
  readonly name: string;
  /** Host name or address. */
  readonly host: string;
  readonly port: number;
  /** Where it answers node-check.ts. */
  readonly checkPort: number;
}

/** What a router in front of a database server should be: all its pods are the same. */
export interface RouterPlan {
  readonly nodes: readonly RouterNode[];
  /** Where sites connect to. */
  readonly listen: { readonly address: string; readonly port: number };
  /** Where probes and statistics are answered; never through the Service that sites use. */
  readonly health: { readonly address: string; readonly port: number };
  /** Connections of all sites together. */
  readonly maxConnections: number;
  /** Names of nodes are looked up again while it runs: pods get new addresses. Off for plain addresses. */
  readonly resolve: boolean;
}

import type { Secret } from "../../kernel/secret.ts";

/** A pod of a router, by where it is administered or asked: HAProxy's health address, ProxySQL's admin. */
export interface RouterPod {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** A database user as a router that pools connections must know it. */
export interface RouterUser {
  readonly name: string;
  /** The server's own hash of its password (`mysql_native_password`): a router never learns the password from us. */
  readonly hash: Secret;
  /** Connections of clients to one pod; more are refused. Those to a node are bounded by the node. */
  readonly maxConnections: number;
  /** False: nobody gets in, and sessions that run are cut. So are those of users that are in the list no more. */
  readonly active: boolean;
  /** Reads may go to other nodes, which then first apply what is acknowledged: only for who asked for it. */
  readonly readSplit: boolean;
}

/** What all pods of a router should know. */
export interface RouterWish {
  readonly nodes: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  /** The node that the nodes themselves name (ADR 27), by which a pod that leads elsewhere is known; left out while they name none, or nobody could be asked. */
  readonly writer?: string | undefined;
  /** MariaDB's version on the nodes (`11.8`), for routers that greet clients themselves. */
  readonly version?: string;
  readonly users: readonly RouterUser[];
}

/** How a pod was found, or what was done to it. */
export interface PodReport {
  readonly pod: string;
  /**
   * `in-step`: as it should be. `changed`: it is now. `drifted`: it is not, and telling it does not help: the detail says why.
   * `unreachable`: it said nothing, or no.
   */
  readonly state: "in-step" | "changed" | "drifted" | "unreachable";
  /** Why, for people; holds no secret. */
  readonly detail: string;
}

/** A node as one pod sees it. */
export interface NodeSight {
  readonly node: string;
  readonly state: "writer" | "standby" | "draining" | "down";
  /** Connections of clients that it has there. */
  readonly sessions: number;
}

/**
 * What stands between sites and the nodes of a database server. All its pods are the same; whoever cares for them tells each of them all that it
 * must know, every time. Embedded and external servers have none. Adapters pass databaseRouterContract (database-router-contract.ts).
 */
export interface DatabaseRouter {
  readonly kind: "haproxy" | "proxysql";
  /** Whether a site gets in only after its user was reconciled. */
  readonly knowsUsers: boolean;
  /** Puts every pod in step; one that fails does not keep the others from it. Never rejects for a pod. */
  reconcile(wish: RouterWish, pods: readonly RouterPod[]): Promise<readonly PodReport[]>;
  /** What a pod sees of the nodes, by their names in `wish`. Error: `database/unreachable`. */
  look(wish: RouterWish, pod: RouterPod): Promise<readonly NodeSight[]>;
}

import { bytesOfQuantity } from "../../render/cluster/quantity.ts";
import { databaseMemory } from "../../render/database/server-options.ts";
import type { DatabaseServerSpec } from "../../resources/schema/database-server.ts";

/** Connections of a node that its routers leave alone: MariaDB lets in one administrator when all are taken, and its checks are several at a time. */
const KEPT_CONNECTIONS = 20;

/**
 * How many connections a router may open to a node. Together, and with the one more that a rollout has, they leave the node some for itself: a writer whose
 * check can't log in is no writer to anybody, and all sites were cut off.
 */
export function connectionsOfRouter({ memory, galera }: Pick<DatabaseServerSpec, "memory" | "galera">): number {
  const { maxConnections } = databaseMemory(bytesOfQuantity(memory ?? "1Gi"));
  return Math.floor((maxConnections - KEPT_CONNECTIONS) / ((galera?.router.replicas ?? 0) + 1));
}

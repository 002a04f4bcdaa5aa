import { commonServerOptions, DATABASE_PORT } from "../database/server-options.ts";
import type { OptionGroup } from "../database/option-file.ts";
import { NODE_CHECK } from "../router/node-check.ts";

/** Ports of a node: SQL is `DATABASE_PORT`; the others are for the nodes among themselves, but `check`, which routers ask. */
export const GALERA_PORTS = { sql: DATABASE_PORT, group: 4567, increments: 4568, copies: 4444, check: NODE_CHECK.port } as const;

const MIB = 1024 * 1024;

/**
 * Timeouts of the group. Losing a node stalls every commit until the others agree that it is gone: 3 s with these, 6 s with Galera's own
 * (database.md, section 2). Never below 2 s: with 1 s one kill on a starved machine made the survivors suspect each other, and nobody was
 * primary for ten minutes. `pc.recovery` off: nodes never make a primary component from what they remember, they are told (ADR 31).
 */
const GROUP =
  "evs.suspect_timeout=PT2S;evs.inactive_timeout=PT6S;evs.install_timeout=PT6S;evs.keepalive_period=PT0.5S;pc.recovery=FALSE;pc.wait_prim_timeout=PT30S";

/**
 * What would be on one node only is refused (error 4165): tables of MyISAM or MEMORY, and a user's `wsrep_osu_method=RSU`, by which one tenant could change
 * a table on one node and have the others leave the cluster at its next row.
 */
const STRICT = "STRICT_REPLICATION,DISALLOW_LOCAL_GTID";

/** What increments are kept of: a node that was away for less than this much writing gets only what it lacks. */
function cacheMib(memoryBytes: number): number {
  return Math.min(2048, Math.max(128, Math.floor(memoryBytes / 4 / MIB)));
}

/** What a session may set for itself. Each is taken as often as a statement needs it. */
const BUFFERS = [
  ...["sort-buffer-size", "join-buffer-size", "join-buffer-space-limit", "read-buffer-size", "read-rnd-buffer-size"],
  ...["mrr-buffer-size", "preload-buffer-size", "query-prealloc-size", "transaction-prealloc-size"],
] as const;

/**
 * `maximum-` bounds what a session sets, and touches nothing else. Not the cap of one server (`max-session-mem-used`), which ends the statement
 * that goes over it: a replicated ALTER TABLE that ends so on one node and not on the others makes them differ, and whoever replays would be under it, too.
 */
function sessionBounds(memoryBytes: number): OptionGroup["options"] {
  const buffer = Math.max(4 * MIB, Math.floor(memoryBytes / 64 / MIB) * MIB);
  const table = Math.max(16 * MIB, Math.floor(memoryBytes / 16 / MIB) * MIB);
  return [
    ...BUFFERS.map((name) => ({ key: `maximum-${name}`, value: buffer })),
    ...["max-heap-table-size", "tmp-table-size"].map((name) => ({ key: `maximum-${name}`, value: table })),
  ];
}

/** my.cnf of all nodes; what differs between them (name, address, peers) are arguments of the entrypoint. */
export function galeraOptions(cluster: string, memoryBytes: number): OptionGroup[] {
  const server: OptionGroup = {
    name: "mariadbd",
    options: [
      ...commonServerOptions(memoryBytes),
      ...sessionBounds(memoryBytes),
      { key: "innodb-autoinc-lock-mode", value: 2 },
      { key: "default-storage-engine", value: "InnoDB" },
      { key: "binlog-format", value: "ROW" },
      // Galera counts as a binlog: without this sites may make no triggers and functions (error 1419). Rows make it harmless.
      { key: "log-bin-trust-function-creators", value: 1 },
      { key: "wsrep-on", value: "ON" },
      { key: "wsrep-provider", value: "/usr/lib/galera/libgalera_smm.so" },
      { key: "wsrep-cluster-name", value: cluster },
      { key: "wsrep-mode", value: STRICT },
      { key: "wsrep-slave-threads", value: 4 },
      { key: "wsrep-provider-options", value: `${GROUP};gcache.size=${cacheMib(memoryBytes)}M` },
    ],
  };
  return [server];
}

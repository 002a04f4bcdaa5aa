import type { OptionGroup } from "./option-file.ts";

/** Paths inside the container, shared by the options, the pod and the programs that are run in it. */
export const DATABASE_PATHS = {
  volume: "/var/lib/mysql",
  run: "/run/mysqld",
  socket: "/run/mysqld/mysqld.sock",
  temporary: "/tmp",
  config: "/etc/howdah/database",
  configFile: "/etc/howdah/database/my.cnf",
  secrets: "/run/secrets/database",
  clientFile: "/run/secrets/database/client.cnf",
  initFile: "/run/secrets/database/init.sql",
  entrypoint: "/usr/lib/howdah/entrypoint.sh",
  clientScript: "/usr/lib/howdah/client.sh",
} as const;

/** The port that MariaDB listens on. */
export const DATABASE_PORT = 3306;

const MIB = 1024 * 1024;
/** What a server with a 16 MiB pool needs for itself (68 MB measured, database.md section 1), with some air. */
const BASE_BYTES = 128 * MIB;
/** A busy connection's buffers: sort, join and read buffers, its stack and the net buffer. */
const CONNECTION_BYTES = MIB;
/** Of the server's connections that one user may hold whose tenant's profile says nothing of it: one that takes all shuts out every neighbour. */
const SHARE_OF_ONE = 0.4;

/**
 * How a server's memory is divided: a fifth for connections, the base, and 60 % of what is left as InnoDB's pool (the rest is
 * dictionary, temporary tables and malloc's own waste). 512 MiB gives a pool of 168 MiB and 102 connections, of which one site gets 40.
 */
export function databaseMemory(memoryBytes: number): {
  readonly poolBytes: number;
  readonly maxConnections: number;
  readonly connectionsOfOne: number;
} {
  const maxConnections = Math.min(500, Math.max(40, Math.floor((memoryBytes * 0.2) / CONNECTION_BYTES)));
  const connectionsOfOne = Math.floor(maxConnections * SHARE_OF_ONE);
  const left = memoryBytes - BASE_BYTES - maxConnections * CONNECTION_BYTES;
  const chunks = Math.max(2, Math.floor((left * 0.6) / (8 * MIB)));
  return { poolBytes: chunks * 8 * MIB, maxConnections, connectionsOfOne };
}

/** The server's own copy of what changed, from which one site can be taken back to any second. Never more than this on its disk. */
export const BINLOG = { name: "binlog", maxBytes: 256 * MIB, totalBytes: 2048 * MIB, keptDays: 2 } as const;

/**
 * Rows, not statements: the same on every replay. On disk with each commit, so that it never knows less than the tables. Bounded in days by
 * every version, in bytes by 11.4 and later, which do neither by themselves while no replica is connected unless they are told that none is
 * needed; for older ones the agent purges. Sites may make triggers and functions as before (error 1419),
 * which rows make harmless. No site says what time it is (`SET timestamp`): a replay ends at the first event that is later than it should be, so one
 * row that claims to be of 2033 would cut off every neighbour's. Who replays logs still may.
 */
function binlogOptions(): OptionGroup["options"] {
  return [
    { key: "server-id", value: 1 },
    { key: "log-bin", value: BINLOG.name },
    { key: "binlog-format", value: "ROW" },
    { key: "sync-binlog", value: 1 },
    { key: "max-binlog-size", value: BINLOG.maxBytes },
    { key: "expire-logs-days", value: BINLOG.keptDays },
    { key: "loose-max-binlog-total-size", value: BINLOG.totalBytes },
    { key: "loose-slave-connections-needed-for-purge", value: 0 },
    { key: "log-bin-trust-function-creators", value: 1 },
    { key: "secure-timestamp", value: "SUPER" },
  ];
}

/**
 * What one session may take of the server's memory: any user may set its own buffers to gigabytes, and a server that is killed for memory takes
 * every site down. `maximum-` bounds what a session sets. Tables in memory (ENGINE=MEMORY) are not counted with their session, so each is small.
 */
function sessionOptions(memoryBytes: number): OptionGroup["options"] {
  const session = Math.max(64 * MIB, Math.floor(memoryBytes / 4 / MIB) * MIB);
  const table = Math.max(16 * MIB, Math.floor(memoryBytes / 16 / MIB) * MIB);
  return [
    { key: "max-session-mem-used", value: session },
    { key: "maximum-max-session-mem-used", value: session },
    { key: "maximum-max-heap-table-size", value: table },
  ];
}

/**
 * What holds for any server in a container of Howdah's: where its files are, that no file ever passes between SQL and the disk, and what text is. Names are
 * not resolved: accounts hold for any address, the network decides who may connect.
 */
export const CONTAINED: OptionGroup["options"] = [
  { key: "socket", value: DATABASE_PATHS.socket },
  { key: "pid-file", value: `${DATABASE_PATHS.run}/mysqld.pid` },
  { key: "tmpdir", value: DATABASE_PATHS.temporary },
  { key: "skip-name-resolve", value: null },
  { key: "skip-symbolic-links", value: null },
  { key: "local-infile", value: 0 },
  { key: "secure-file-priv", value: `${DATABASE_PATHS.run}/no-files` },
  { key: "character-set-server", value: "utf8mb4" },
  { key: "collation-server", value: "utf8mb4_unicode_ci" },
];

/**
 * What every server for sites has. `innodb_flush_log_at_trx_commit=1` because 2 and 0 lose acknowledged rows (reliability M3);
 * `performance_schema` off saves about 100 MB; the log goes to stderr (the slow log can't: the server opens it as a file of its own).
 */
export function commonServerOptions(memoryBytes: number): OptionGroup["options"] {
  const { poolBytes, maxConnections, connectionsOfOne } = databaseMemory(memoryBytes);
  return [
    { key: "bind-address", value: "0.0.0.0" },
    { key: "port", value: DATABASE_PORT },
    ...CONTAINED,
    { key: "innodb-flush-log-at-trx-commit", value: 1 },
    { key: "innodb-buffer-pool-size", value: poolBytes },
    { key: "max-connections", value: maxConnections },
    { key: "max-user-connections", value: connectionsOfOne },
    { key: "max-allowed-packet", value: 64 * MIB },
    { key: "performance-schema", value: "OFF" },
    { key: "log-warnings", value: 1 },
  ];
}

/** my.cnf of a shared server. Without `binlog` the server keeps none. */
export function databaseServerOptions(memoryBytes: number, { binlog }: { readonly binlog: boolean } = { binlog: true }): OptionGroup[] {
  const server: OptionGroup = {
    name: "mariadbd",
    options: [...commonServerOptions(memoryBytes), ...sessionOptions(memoryBytes), ...(binlog ? binlogOptions() : [])],
  };
  return [server];
}

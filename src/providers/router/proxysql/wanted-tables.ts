import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { Secret } from "../../../kernel/secret.ts";
import { nativePasswordHash } from "../../database/mariadb/native-password.ts";
import type { RouterUser, RouterWish } from "../database-router.ts";

/** A row as ProxySQL keeps it, by its columns. */
export type WantedRow = Readonly<Record<string, string | number>>;

/** A table of which every row is ours. */
export interface WantedTable {
  readonly table: string;
  readonly rows: readonly WantedRow[];
}

/** Who writes; who could; who may be read from; who does not answer. */
export const HOSTGROUPS = { writer: 10, backup: 20, reader: 30, offline: 9999 } as const;

/** Whose answers tell ProxySQL which node is what: an account that may look and no more. */
export interface Monitor {
  readonly user: string;
  readonly password: Secret;
}

/** All users. The password is the server's own hash: ProxySQL learns the rest from the login itself. */
export function wantedUsers(users: readonly RouterUser[]): WantedTable {
  const rows = users.map((user) => ({
    username: user.name,
    password: nativePasswordHash(user.password),
    active: user.active ? 1 : 0,
    default_hostgroup: HOSTGROUPS.writer,
    // A transaction stays on the node where it began.
    transaction_persistent: 1,
    max_connections: user.maxConnections,
  }));
  return { table: "mysql_users", rows: rows.toSorted((a, b) => (a.username < b.username ? -1 : 1)) };
}

/**
 * One node writes and the others wait, with weights, so that all pods choose the same. Listing all as writers would make all of them write until the
 * monitor has looked (database.md, section 6).
 */
export function wantedServers({ nodes }: RouterWish): WantedTable {
  const rows = nodes.map(({ host, port }, index) => ({
    hostgroup_id: index === 0 ? HOSTGROUPS.writer : HOSTGROUPS.backup,
    hostname: host,
    port,
    weight: 1000 - index * 100,
    max_connections: 200,
  }));
  return { table: "mysql_servers", rows };
}

/** `writer_is_also_reader` 2: nodes that wait are read from, if somebody asked for it. */
export function wantedHostgroups(): WantedTable {
  const { writer, backup, reader, offline } = HOSTGROUPS;
  const groups = { writer_hostgroup: writer, backup_writer_hostgroup: backup, reader_hostgroup: reader, offline_hostgroup: offline };
  return {
    table: "mysql_galera_hostgroups",
    rows: [{ ...groups, active: 1, max_writers: 1, writer_is_also_reader: 2, max_transactions_behind: 100 }],
  };
}

/** Who reads elsewhere first waits for what was acknowledged: without, 16 to 31 of 100 reads are stale (database.md, section 4). */
export function wantedAttributes(): WantedTable {
  return {
    table: "mysql_hostgroup_attributes",
    rows: [{ hostgroup_id: HOSTGROUPS.reader, init_connect: "SET SESSION wsrep_sync_wait=1" }],
  };
}

/** What must not be tried again although it begins with SELECT: it locks, or does something. */
const NOT_TWICE =
  "^\\s*SELECT\\b.*\\b(FOR\\s+UPDATE|LOCK\\s+IN\\s+SHARE\\s+MODE|GET_LOCK|RELEASE_LOCK|NEXTVAL|NEXT\\s+VALUE|SETVAL|INTO)\\b";

/**
 * Reads may be tried again when their node dies, and nothing else: what is sent twice is applied twice (database.md, section 3). Reads of those who
 * asked for it go to the nodes that wait.
 */
export function wantedRules(users: readonly RouterUser[]): WantedTable {
  const split = users.filter(({ readSplit }) => readSplit).map(({ name }) => name);
  const rules = [
    { rule_id: 1, match_pattern: NOT_TWICE, destination_hostgroup: HOSTGROUPS.writer, retries: 0 },
    ...split.toSorted().map((username, index) => ({
      ...{ rule_id: 10 + index, username, match_pattern: "^\\s*SELECT\\b", destination_hostgroup: HOSTGROUPS.reader, retries: 2 },
    })),
    { rule_id: 1_000_000, match_pattern: "^\\s*SELECT\\b", destination_hostgroup: HOSTGROUPS.writer, retries: 2 },
  ];
  return { table: "mysql_query_rules", rows: rules.map((rule) => ({ ...rule, active: 1, re_modifiers: "CASELESS", apply: 1 })) };
}

/** Variables that are ours. Error: `database/failed` for a password that everybody knows. */
export function wantedVariables({ user, password }: Monitor): WantedTable {
  const secret = password.reveal();
  if (secret.length < 16) throw new HowdahError("database/failed", "The monitor's password for ProxySQL is shorter than 16 characters");
  const variables = {
    // The default tries writes again: counters were wrong after a failover (database.md, section 3).
    "mysql-query_retries_on_failure": "0",
    "mysql-monitor_username": user,
    "mysql-monitor_password": secret,
    "mysql-monitor_galera_healthcheck_interval": "500",
    "mysql-monitor_galera_healthcheck_timeout": "400",
    "mysql-monitor_galera_healthcheck_max_timeout_count": "2",
    "mysql-connect_timeout_server_max": "10000",
  };
  const rows = Object.entries(variables).map(([variable_name, variable_value]) => ({ variable_name, variable_value }));
  return { table: "global_variables", rows };
}

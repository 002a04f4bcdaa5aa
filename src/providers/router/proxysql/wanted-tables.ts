import type { RouterUser, RouterWish } from "../database-router.ts";

/** A row as ProxySQL keeps it, by its columns. */
export type WantedRow = Readonly<Record<string, string | number>>;

/** A table of which every row is ours. */
export interface WantedTable {
  readonly table: string;
  readonly rows: readonly WantedRow[];
}

/**
 * Who is written to, and who is read from by those who asked for it. All nodes that serve are in the first one, all but one closed softly: what they have
 * there ends by itself when the writer moves. ProxySQL's own monitor, which goes back to the first node and may
 * choose another one in each pod, is off; these rows are written by the program beside it (src/render/router/proxysql/follow-writer.ts, ADR 38).
 */
export const HOSTGROUPS = { writer: 10, reader: 30 } as const;

/** All users. The password is the server's own hash: ProxySQL learns the rest from the login itself. */
export function wantedUsers(users: readonly RouterUser[]): WantedTable {
  const rows = users.map((user) => ({
    username: user.name,
    password: user.hash.reveal(),
    active: user.active ? 1 : 0,
    default_hostgroup: HOSTGROUPS.writer,
    // A transaction stays on the node where it began.
    transaction_persistent: 1,
    max_connections: user.maxConnections,
  }));
  return { table: "mysql_users", rows: rows.toSorted((a, b) => (a.username < b.username ? -1 : 1)) };
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

/** Variables that are ours. */
export function wantedVariables({ version }: Pick<RouterWish, "version"> = {}): WantedTable {
  const variables = {
    // The default tries writes again: counters were wrong after a failover (database.md, section 3).
    "mysql-query_retries_on_failure": "0",
    "mysql-monitor_enabled": "false",
    // Who refuses connections is left alone for so long, in seconds: a writer that was started again must not be for ten.
    "mysql-shun_recovery_time_sec": "1",
    "mysql-connect_timeout_server_max": "10000",
    // Else clients take it for MySQL 8 before they have asked anything: frameworks choose their SQL by it.
    ...(version === undefined ? {} : { "mysql-server_version": `${version}.0-MariaDB` }),
  };
  const rows = Object.entries(variables).map(([variable_name, variable_value]) => ({ variable_name, variable_value }));
  return { table: "global_variables", rows };
}

import type { NodeSight, RouterWish } from "../database-router.ts";
import type { AdminConnection } from "./admin-connection.ts";
import { adminNumber, adminSql } from "./admin-sql.ts";
import { HOSTGROUPS } from "./wanted-tables.ts";

/**
 * Why a pod does not lead writers to the node that the nodes name; undefined while it does, or they name none. It is only said: who leads where is the
 * business of the program beside ProxySQL alone (src/render/router/proxysql/follow-writer.ts), which sees what this pod can reach. Two that write one table
 * undo each other at every look.
 */
export async function misled(connection: AdminConnection, { nodes, writer }: RouterWish): Promise<string | undefined> {
  if (writer === undefined) return undefined;
  const rows = await connection.query(
    adminSql`SELECT hostname, port FROM runtime_mysql_servers WHERE hostgroup_id = ${adminNumber(HOSTGROUPS.writer)} AND status = 'ONLINE'`,
  );
  if (rows.length === 0) return `it leads nobody to ${writer}, which the nodes name: it may not reach it`;
  const names = rows.map(
    (row) => nodes.find(({ host, port }) => host === row["hostname"] && port === Number(row["port"]))?.name ?? "a stranger",
  );
  const others = names.filter((name) => name !== writer).toSorted();
  return others.length === 0 ? undefined : `it leads to ${others.join(" and ")}, and the nodes name ${writer}`;
}

/** Who is closed softly has what it has: with sessions left it is drained, without it waits for its turn. */
export async function lookAtNodes(connection: AdminConnection, wish: Pick<RouterWish, "nodes">): Promise<readonly NodeSight[]> {
  const rows = await connection.query(
    adminSql`SELECT hostgroup_id, hostname, port, status FROM runtime_mysql_servers ORDER BY hostgroup_id, hostname, port`,
  );
  const used = await connection.query(
    adminSql`SELECT srv_host, srv_port, SUM(ConnUsed) AS used FROM stats_mysql_connection_pool GROUP BY srv_host, srv_port`,
  );
  return wish.nodes.map(({ name, host, port }) => {
    const here = rows.find(
      (row) => Number(row["hostgroup_id"]) === HOSTGROUPS.writer && row["hostname"] === host && Number(row["port"]) === port,
    );
    const sessions = Number(used.find((row) => row["srv_host"] === host && Number(row["srv_port"]) === port)?.["used"] ?? 0);
    return { node: name, state: stateOf(String(here?.["status"]), sessions), sessions };
  });
}

function stateOf(status: string, sessions: number): NodeSight["state"] {
  if (status === "ONLINE") return "writer";
  if (status === "OFFLINE_SOFT") return sessions > 0 ? "draining" : "standby";
  return "down";
}

import type { NodeSight, RouterWish } from "../database-router.ts";
import type { AdminConnection } from "./admin-connection.ts";
import { adminSql } from "./admin-sql.ts";
import { HOSTGROUPS, wantedAttributes, wantedServers } from "./wanted-tables.ts";
import { holds, rewriteTable } from "./write-tables.ts";

/**
 * Puts the nodes right in a pod that knows none, or others, or that leads writers to one which the nodes do not name. One that leads nobody anywhere is left
 * alone: it may not reach the writer, and knows better. Answers what was changed.
 */
export async function tellServers(connection: AdminConnection, wish: RouterWish): Promise<string[]> {
  const isRight = await leadsRight(connection, wish);
  const attributes = wantedAttributes();
  if (isRight && (await holds(connection, attributes))) return [];
  if (!isRight) await rewriteTable(connection, wantedServers(wish));
  await rewriteTable(connection, attributes);
  await connection.query(adminSql`LOAD MYSQL SERVERS TO RUNTIME`);
  await connection.query(adminSql`SAVE MYSQL SERVERS TO DISK`);
  return ["nodes"];
}

async function leadsRight(connection: AdminConnection, { nodes, writer }: RouterWish): Promise<boolean> {
  const rows = await connection.query(adminSql`SELECT hostgroup_id, hostname, port, status FROM runtime_mysql_servers`);
  const kept = await connection.query(adminSql`SELECT COUNT(*) AS n FROM mysql_servers`);
  if (rows.length === 0 && Number(kept[0]?.["n"]) === 0) return false;
  const nameOf = (row: (typeof rows)[number]): string | undefined =>
    nodes.find(({ host, port }) => host === row["hostname"] && port === Number(row["port"]))?.name;
  if (rows.some((row) => nameOf(row) === undefined)) return false;
  const open = rows.filter((row) => Number(row["hostgroup_id"]) === HOSTGROUPS.writer && row["status"] === "ONLINE");
  return writer === undefined || open.every((row) => nameOf(row) === writer);
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

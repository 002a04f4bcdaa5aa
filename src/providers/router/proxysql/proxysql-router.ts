import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { DatabaseRouter, NodeSight, PodReport, RouterPod, RouterWish } from "../database-router.ts";
import { type AdminConnection, type ProxysqlAdmin, withAdmin } from "./admin-connection.ts";
import { adminSql } from "./admin-sql.ts";
import {
  HOSTGROUPS,
  type Monitor,
  wantedAttributes,
  wantedHostgroups,
  wantedRules,
  wantedServers,
  wantedUsers,
  wantedVariables,
} from "./wanted-tables.ts";
import { holds, rewriteTable, setVariables } from "./write-tables.ts";

/** Modules of which all pods must run the same. What they see of nodes (`mysql_servers`) differs from pod to pod for moments. */
const COMPARED = ["mysql_query_rules", "mysql_users"];

/** ProxySQL, told through the admin interface of each pod. Whole tables are written each time: for 2,000 users that takes 10 ms (database.md, section 6). */
export function proxysqlRouter(admin: ProxysqlAdmin, monitor: Monitor): DatabaseRouter {
  if (admin.user === "admin" || admin.password.reveal().length < 16)
    throw new HowdahError(
      "database/failed",
      "ProxySQL's administrator must not be `admin`, and its password not shorter than 16 characters",
    );
  return {
    kind: "proxysql",
    knowsUsers: true,
    reconcile: async (wish, pods) => {
      const told = await Promise.all(pods.map(async (pod) => await tell(pod, admin, { wish, monitor })));
      return judge(told);
    },
    look: async (wish, pod) => await withAdmin(pod, admin, async (connection) => await look(connection, wish)),
  };
}

interface Told {
  readonly report: PodReport;
  /** What the pod runs now; left out when it can't be reached. */
  readonly checksums?: string;
}

async function tell(pod: RouterPod, admin: ProxysqlAdmin, wanted: { readonly wish: RouterWish; readonly monitor: Monitor }): Promise<Told> {
  try {
    return await withAdmin(pod, admin, async (connection) => {
      const before = await checksumsOf(connection);
      const changed = [...(await tellServers(connection, wanted.wish)), ...(await tellVariables(connection, wanted.monitor))];
      await tellUsers(connection, wanted.wish);
      const checksums = await checksumsOf(connection);
      if (checksums !== before) changed.push("users or rules");
      const state = changed.length === 0 ? "in-step" : "changed";
      return {
        report: { pod: pod.name, state, detail: changed.length === 0 ? "nothing to do" : `changed ${changed.join(", ")}` },
        checksums,
      };
    });
  } catch (error) {
    const detail = error instanceof HowdahError ? error.message : "it failed in a way that has no name";
    return { report: { pod: pod.name, state: "unreachable", detail } };
  }
}

/** Pods that were told the same and run something else are not believed. */
function judge(told: readonly Told[]): readonly PodReport[] {
  const [first] = told.flatMap(({ checksums }) => checksums ?? []);
  return told.map(({ report, checksums }) =>
    checksums === undefined || checksums === first
      ? report
      : { pod: report.pod, state: "drifted", detail: "it was told the same as the others and runs something else" },
  );
}

/** Written only when they are different: loading them resets what the monitor has found out. */
async function tellServers(connection: AdminConnection, wish: RouterWish): Promise<string[]> {
  const tables = [wantedServers(wish), wantedHostgroups(), wantedAttributes()];
  const same = await Promise.all(tables.map(async (table) => await holds(connection, table)));
  if (same.every(Boolean)) return [];
  for (const table of tables) await rewriteTable(connection, table);
  await connection.query(adminSql`LOAD MYSQL SERVERS TO RUNTIME`);
  await connection.query(adminSql`SAVE MYSQL SERVERS TO DISK`);
  return ["nodes"];
}

async function tellVariables(connection: AdminConnection, monitor: Monitor): Promise<string[]> {
  if (!(await setVariables(connection, wantedVariables(monitor)))) return [];
  await connection.query(adminSql`LOAD MYSQL VARIABLES TO RUNTIME`);
  await connection.query(adminSql`SAVE MYSQL VARIABLES TO DISK`);
  return ["variables"];
}

async function tellUsers(connection: AdminConnection, { users }: RouterWish): Promise<void> {
  await rewriteTable(connection, wantedRules(users));
  await connection.query(adminSql`LOAD MYSQL QUERY RULES TO RUNTIME`);
  await connection.query(adminSql`SAVE MYSQL QUERY RULES TO DISK`);
  await rewriteTable(connection, wantedUsers(users));
  await connection.query(adminSql`LOAD MYSQL USERS TO RUNTIME`);
  await connection.query(adminSql`SAVE MYSQL USERS TO DISK`);
}

async function checksumsOf(connection: AdminConnection): Promise<string> {
  const rows = await connection.query(adminSql`SELECT name, checksum FROM runtime_checksums_values ORDER BY name`);
  return JSON.stringify(rows.filter(({ name }) => COMPARED.includes(String(name))).map(({ name, checksum }) => [name, checksum]));
}

/** A node is what the group says in which it runs. The reader group is not looked at: who waits is in it as well. */
async function look(connection: AdminConnection, wish: RouterWish): Promise<readonly NodeSight[]> {
  const rows = await connection.query(
    adminSql`SELECT hostgroup_id, hostname, port, status FROM runtime_mysql_servers ORDER BY hostgroup_id, hostname, port`,
  );
  const used = await connection.query(
    adminSql`SELECT srv_host, srv_port, SUM(ConnUsed) AS used FROM stats_mysql_connection_pool GROUP BY srv_host, srv_port`,
  );
  return wish.nodes.map(({ name, host, port }) => {
    const here = rows.filter((row) => row["hostname"] === host && Number(row["port"]) === port && row["status"] === "ONLINE");
    const groups = new Set(here.map((row) => Number(row["hostgroup_id"])));
    const sessions = Number(used.find((row) => row["srv_host"] === host && Number(row["srv_port"]) === port)?.["used"] ?? 0);
    const state = groups.has(HOSTGROUPS.writer) ? "writer" : groups.has(HOSTGROUPS.backup) ? "standby" : "down";
    return { node: name, state, sessions };
  });
}

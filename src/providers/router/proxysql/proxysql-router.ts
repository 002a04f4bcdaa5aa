import { createHash } from "node:crypto";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { DatabaseRouter, PodReport, RouterPod, RouterWish } from "../database-router.ts";
import { type AdminConnection, type ConnectPod, type ProxysqlAdmin, withAdmin } from "./admin-connection.ts";
import { adminSql } from "./admin-sql.ts";
import { cutSessions } from "./cut-sessions.ts";
import { lookAtNodes, misled } from "./look-at-nodes.ts";
import { wantedRules, wantedUsers, wantedVariables } from "./wanted-tables.ts";
import { rewriteTable, setVariables } from "./write-tables.ts";

/** Modules of which all pods must run the same. What they see of nodes (`mysql_servers`) differs from pod to pod for moments. */
const COMPARED = ["mysql_query_rules", "mysql_users"];

/** What a pod was told last, and what it ran then. */
interface Remembered {
  readonly wish: string;
  readonly checksums: string;
}

/**
 * ProxySQL, told through the admin interface of each pod who its users are; where they are led is not told from here, only looked at. Whole tables are written, for 2,000 users in 10 ms (database.md, section 6); a pod that was told
 * the same before and still runs it, by ProxySQL's own checksums, is left alone. Whoever is new tells everything anew: one that was killed between two
 * tables leaves nothing half told.
 */
export function proxysqlRouter(admin: ProxysqlAdmin, connect?: ConnectPod): DatabaseRouter {
  if (admin.user === "admin" || admin.password.reveal().length < 16)
    throw new HowdahError(
      "database/failed",
      "ProxySQL's administrator must not be `admin`, and its password not shorter than 16 characters",
    );
  const before = new Map<string, Remembered>();
  return {
    kind: "proxysql",
    knowsUsers: true,
    reconcile: async (wish, pods) => {
      const asked = digestOf(wish);
      const told = await Promise.all(
        pods.map(
          async (pod) => await tell(pod, (work) => withAdmin(pod, admin, work, connect), { wish, asked, known: before.get(pod.name) }),
        ),
      );
      before.clear();
      for (const { report, checksums } of told) if (checksums !== undefined) before.set(report.pod, { wish: asked, checksums });
      return judge(told);
    },
    look: async (wish, pod) => await withAdmin(pod, admin, async (connection) => await lookAtNodes(connection, wish), connect),
  };
}

interface Told {
  readonly report: PodReport;
  /** What the pod runs now; left out when it can't be reached. */
  readonly checksums?: string;
}

/** Of what is written whole; who writes is looked at each time. */
function digestOf({ users }: RouterWish): string {
  return createHash("sha256")
    .update(JSON.stringify([wantedUsers(users), wantedRules(users)]))
    .digest("hex");
}

async function tell(
  pod: RouterPod,
  ask: <T>(work: (connection: AdminConnection) => Promise<T>) => Promise<T>,
  { wish, asked, known }: { readonly wish: RouterWish; readonly asked: string; readonly known: Remembered | undefined },
): Promise<Told> {
  try {
    return await ask(async (connection) => {
      const before = await checksumsOf(connection);
      const changed = await tellVariables(connection, wish);
      const isSame = known?.wish === asked && known.checksums === before;
      if (!isSame) await tellUsers(connection, wish);
      const checksums = await checksumsOf(connection);
      if (checksums !== before) changed.push("users or rules");
      return { report: { pod: pod.name, ...stateOf(changed, await misled(connection, wish)) }, checksums };
    });
  } catch (error) {
    const detail = error instanceof HowdahError ? error.message : "it failed in a way that has no name";
    return { report: { pod: pod.name, state: "unreachable", detail } };
  }
}

function stateOf(changed: readonly string[], elsewhere: string | undefined): Pick<PodReport, "state" | "detail"> {
  if (elsewhere !== undefined) return { state: "drifted", detail: elsewhere };
  if (changed.length === 0) return { state: "in-step", detail: "nothing to do" };
  return { state: "changed", detail: `changed ${changed.join(", ")}` };
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

async function tellVariables(connection: AdminConnection, wish: RouterWish): Promise<string[]> {
  if (!(await setVariables(connection, wantedVariables(wish)))) return [];
  await connection.query(adminSql`LOAD MYSQL VARIABLES TO RUNTIME`);
  await connection.query(adminSql`SAVE MYSQL VARIABLES TO DISK`);
  return ["variables"];
}

/** Rules before users: nobody who asked for other nodes gets there without waiting. Who may not be there any more is cut last, when nobody new gets in. */
async function tellUsers(connection: AdminConnection, { users }: RouterWish): Promise<void> {
  await rewriteTable(connection, wantedRules(users));
  await connection.query(adminSql`LOAD MYSQL QUERY RULES TO RUNTIME`);
  await connection.query(adminSql`SAVE MYSQL QUERY RULES TO DISK`);
  await rewriteTable(connection, wantedUsers(users));
  await connection.query(adminSql`LOAD MYSQL USERS TO RUNTIME`);
  await connection.query(adminSql`SAVE MYSQL USERS TO DISK`);
  await cutSessions(connection, new Set(users.filter(({ active }) => active).map(({ name }) => name)));
}

async function checksumsOf(connection: AdminConnection): Promise<string> {
  const rows = await connection.query(adminSql`SELECT name, checksum FROM runtime_checksums_values ORDER BY name`);
  return JSON.stringify(rows.filter(({ name }) => COMPARED.includes(String(name))).map(({ name, checksum }) => [name, checksum]));
}

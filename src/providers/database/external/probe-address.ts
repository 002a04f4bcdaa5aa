import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { ErrorCode } from "../../../kernel/error-catalog.ts";
import type { Secret } from "../../../kernel/secret.ts";
import type { ServerReference } from "../database-server.ts";
import { type Sql, sql, text } from "../../../kernel/sql.ts";
import { type ConnectServer, type Row, type SqlClient, withSqlClient } from "../mariadb/sql-client.ts";
import type { AddressFacts, AnsweringFacts } from "./choose-writer.ts";
import { missingRights } from "./rights.ts";

/** Whoever makes databases on an external server. */
export interface Administrator {
  readonly user: string;
  readonly password: Secret;
}

/** One address with what it says, what its administrator may not do, which databases it was asked for and lacks, and the name of the failure when it lets nobody in. */
export type ProbedAddress = AddressFacts & {
  readonly failure?: ErrorCode;
  readonly missing?: readonly string[];
  readonly lacks?: readonly string[];
};

const STATUS = ["wsrep_ready", "wsrep_cluster_status", "wsrep_local_state", "Rpl_semi_sync_master_status", "Slaves_connected"];
const VARIABLES = ["read_only", "super_read_only", "wsrep_on", "version"];

/** `10.0.0.5:3306`, `[fd00::5]:3306`: as people write it. */
export function addressText({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}

/** Asks one address what it is. Changes nothing there; a failure is an answer too. `several`: rights to look at replication are needed. */
export async function probeAddress(
  place: { readonly host: string; readonly port: number },
  administrator: Administrator,
  options: { readonly several: boolean; readonly databases?: readonly string[]; readonly through?: ConnectServer },
): Promise<ProbedAddress> {
  const address = addressText(place);
  const server: ServerReference = { name: address, locate: () => Promise.resolve({ address: place.host, port: place.port }) };
  try {
    return await withSqlClient({ server, ...administrator }, (client) => ask(address, client, options), options.through);
  } catch (error) {
    if (!(error instanceof HowdahError)) throw error;
    return { address, answers: false, because: BECAUSE[error.code] ?? error.message, failure: error.code };
  }
}

const BECAUSE: Partial<Record<ErrorCode, string>> = {
  "database/unreachable": "does not answer",
  "database/login-refused": "refuses the user or its password",
};

async function ask(
  address: string,
  client: SqlClient,
  { several, databases = [] }: { readonly several: boolean; readonly databases?: readonly string[] },
): Promise<ProbedAddress> {
  const variables = await named(client, sql`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${list(VARIABLES)})`);
  const status = await named(client, sql`SHOW GLOBAL STATUS WHERE Variable_name IN (${list(STATUS)})`);
  const grants = (await client.query(sql`SHOW GRANTS`)).map((row) => String(Object.values(row)[0]));
  const isOn = (value: string | undefined): boolean => value !== undefined && value !== "OFF" && value !== "0";
  return {
    ...{ address, answers: true, version: variables.get("version") ?? "" },
    readOnly: isOn(variables.get("read_only")) || isOn(variables.get("super_read_only")),
    wsrep: isOn(variables.get("wsrep_on"))
      ? {
          ready: isOn(status.get("wsrep_ready")),
          status: status.get("wsrep_cluster_status") ?? "",
          localState: Number(status.get("wsrep_local_state") ?? 0),
        }
      : null,
    replica: await replicaOf(client),
    replicas: { connected: Number(status.get("slaves_connected") ?? 0), semiSync: isOn(status.get("rpl_semi_sync_master_status")) },
    missing: missingRights(grants, several),
    lacks: databases.length === 0 ? [] : await lacking(client, databases),
  };
}

async function lacking(client: SqlClient, databases: readonly string[]): Promise<readonly string[]> {
  const rows = await client.query(
    sql`SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN (${list(databases)})`,
  );
  const there = new Set(rows.map(({ name }) => String(name)));
  return databases.filter((name) => !there.has(name));
}

function list(names: readonly string[]): Sql {
  return names.map(text).reduce((all, one) => sql`${all}, ${one}`);
}

/** By lower-case name: versions differ in that. */
async function named(client: SqlClient, statement: Sql): Promise<ReadonlyMap<string, string>> {
  const rows = await client.query(statement);
  return new Map(rows.map((row) => [String(row["Variable_name"]).toLowerCase(), String(row["Value"])]));
}

/** Null also when the administrator may not know it: `missing` then says so where it matters. */
async function replicaOf(client: SqlClient): Promise<AnsweringFacts["replica"]> {
  const rows = await client.query(sql`SHOW ALL SLAVES STATUS`).catch((error: unknown): readonly Row[] => {
    if (error instanceof HowdahError && error.code === "database/failed") return [];
    throw error;
  });
  if (rows.length === 0) return null;
  const lags = rows.map((row) => (row["Seconds_Behind_Master"] === null ? null : Number(row["Seconds_Behind_Master"])));
  const known = lags.filter((lag) => lag !== null);
  return {
    running: rows.every((row) => row["Slave_IO_Running"] === "Yes" && row["Slave_SQL_Running"] === "Yes"),
    lagSeconds: known.length === 0 ? null : Math.max(...known),
  };
}

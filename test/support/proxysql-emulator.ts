import { createHash, timingSafeEqual } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import mysql from "mysql2";

/** What mysql2 gives a server of a connection; its types know only half of it. */
interface ServerConnection {
  sequenceId: number;
  serverHandshake(hello: object): void;
  on(event: string, listener: (text: string) => void): void;
  writeOk(): void;
  writeError(error: { readonly code: number; readonly message: string }): void;
  writeTextResult(rows: readonly object[], columns: readonly object[]): void;
  stream: { destroy(): void };
}

interface AdminServer {
  listen(port: number, host: string, done: () => void): void;
  close(done: () => void): void;
}

/** ProxySQL 2.7's own definitions, of the columns that are written or read. */
const TABLES = {
  mysql_users:
    "username VARCHAR NOT NULL, password VARCHAR, active INT CHECK (active IN (0,1)) NOT NULL DEFAULT 1, default_hostgroup INT NOT NULL DEFAULT 0, transaction_persistent INT CHECK (transaction_persistent IN (0,1)) NOT NULL DEFAULT 1, backend INT NOT NULL DEFAULT 1, frontend INT NOT NULL DEFAULT 1, max_connections INT CHECK (max_connections >= 0) NOT NULL DEFAULT 10000, PRIMARY KEY (username, backend), UNIQUE (username, frontend)",
  mysql_servers:
    "hostgroup_id INT CHECK (hostgroup_id >= 0) NOT NULL DEFAULT 0, hostname VARCHAR NOT NULL, port INT CHECK (port >= 0 AND port <= 65535) NOT NULL DEFAULT 3306, status VARCHAR NOT NULL DEFAULT 'ONLINE', weight INT NOT NULL DEFAULT 1, max_connections INT NOT NULL DEFAULT 1000, PRIMARY KEY (hostgroup_id, hostname, port)",
  mysql_hostgroup_attributes: "hostgroup_id INT NOT NULL PRIMARY KEY, init_connect VARCHAR NOT NULL DEFAULT ''",
  mysql_query_rules:
    "rule_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, active INT NOT NULL DEFAULT 0, username VARCHAR, match_pattern VARCHAR, re_modifiers VARCHAR DEFAULT 'CASELESS', destination_hostgroup INT, retries INT CHECK (retries >= 0), apply INT NOT NULL DEFAULT 0",
  global_variables: "variable_name VARCHAR NOT NULL PRIMARY KEY, variable_value VARCHAR NOT NULL",
} as const;

/** Which tables a LOAD or SAVE is of. */
const MODULES: Readonly<Record<string, readonly (keyof typeof TABLES)[]>> = {
  "MYSQL USERS": ["mysql_users"],
  "MYSQL SERVERS": ["mysql_servers", "mysql_hostgroup_attributes"],
  "MYSQL QUERY RULES": ["mysql_query_rules"],
  "MYSQL VARIABLES": ["global_variables"],
};

/**
 * ProxySQL's admin interface as far as Howdah uses it, on the same foundation: SQLite behind MySQL's protocol, with memory, runtime and disk. It has no
 * traffic. Figures and facts that come from it say so; HOWDAH_PROXYSQL_BIN runs the same suite on the real one.
 */
export class ProxysqlEmulator {
  readonly #db = new DatabaseSync(":memory:");
  readonly #login: { readonly user: string; readonly password: string };
  #server: AdminServer | undefined;
  readonly #connections = new Set<ServerConnection>();
  /** Every statement, in order. */
  readonly statements: string[] = [];
  /** At this statement, once, whoever sends it is cut off before it is done. */
  endsAt: string | undefined;

  constructor(login: { readonly user: string; readonly password: string }) {
    this.#login = login;
    this.#db.exec("ATTACH ':memory:' AS disk");
    for (const [name, columns] of Object.entries(TABLES))
      for (const place of [`main.${name}`, `main.runtime_${name}`, `disk.${name}`]) this.#db.exec(`CREATE TABLE ${place} (${columns})`);
    this.#db.exec("CREATE TABLE runtime_checksums_values (name VARCHAR PRIMARY KEY, version INT, epoch INT, checksum VARCHAR)");
    this.#db.exec("CREATE TABLE stats_mysql_connection_pool (srv_host VARCHAR, srv_port INT, ConnUsed INT)");
    this.#db.exec("CREATE TABLE stats_mysql_processlist (SessionID INT, user VARCHAR)");
    const variables = [
      "query_retries_on_failure",
      "monitor_enabled",
      "shun_recovery_time_sec",
      "connect_timeout_server_max",
      "server_version",
    ];
    for (const table of ["global_variables", "runtime_global_variables"])
      for (const name of variables) this.#db.prepare(`INSERT INTO ${table} VALUES (?, ?)`).run(`mysql-${name}`, "1");
    for (const name of ["mysql_users", "mysql_servers", "mysql_query_rules", "mysql_variables"])
      this.#db.prepare("INSERT INTO runtime_checksums_values VALUES (?, 0, 0, '')").run(name);
  }

  async start(address: string, port: number): Promise<void> {
    const server = (mysql as unknown as { createServer(listener: (connection: ServerConnection) => void): never }).createServer(
      (connection) => this.#serve(connection),
    ) as AdminServer;
    this.#server = server;
    await new Promise<void>((ready) => server.listen(port, address, ready));
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.stream.destroy();
    await new Promise<void>((done) => (this.#server === undefined ? done() : this.#server.close(done)));
  }

  /** What the tables hold, for tests, and a way to change them behind the adapter's back. */
  rows(statement: string): readonly object[] {
    return this.#db.prepare(statement).all();
  }

  run(statement: string): void {
    this.#execute(statement);
  }

  #serve(connection: ServerConnection): void {
    this.#connections.add(connection);
    connection.on("error", () => undefined);
    connection.serverHandshake({
      ...{ protocolVersion: 10, serverVersion: "8.0.11 (ProxySQL Admin Module)", connectionId: 1, statusFlags: 2, characterSet: 33 },
      // Without SSL, which mysql2's server has none of, and with the plain native password, by name: MariaDB's own client wants that.
      capabilityFlags: 0x00_08_82_0d,
      authCallback: (asked: Login, done: (error: null, refusal?: { readonly message: string; readonly code: number }) => void) => {
        const right = asked.user === this.#login.user && matches(this.#login.password, asked);
        done(null, right ? undefined : { message: `ProxySQL Error: Access denied for user '${asked.user}'`, code: 1045 });
        connection.sequenceId = 0; // the first command begins anew, too
      },
    });
    connection.on("query", (text) => {
      if (text === this.endsAt) {
        this.endsAt = undefined;
        connection.stream.destroy();
        return;
      }
      connection.sequenceId = 1; // mysql2's server would count on, and both sides warn
      try {
        const rows = this.#execute(text);
        if (rows === undefined) connection.writeOk();
        else connection.writeTextResult(rows, columnsOf(rows));
      } catch (error) {
        connection.writeError({ code: 1045, message: `ProxySQL Admin Error: ${error instanceof Error ? error.message : ""}` });
      }
      connection.sequenceId = 0;
    });
    // The real one: "Command not supported".
    connection.on("stmt_prepare", () => connection.writeError({ code: 1235, message: "Command not supported" }));
  }

  #execute(text: string): readonly object[] | undefined {
    this.statements.push(text);
    const move = /^(LOAD|SAVE) ([A-Z ]+?) TO (RUNTIME|DISK)$/.exec(text);
    const tables = MODULES[move?.[2] ?? ""];
    if (move !== null && tables !== undefined) {
      for (const table of tables) this.#move(table, move[3] === "DISK" ? `disk.${table}` : `main.runtime_${table}`);
      if (move[3] === "RUNTIME") this.#loaded(move[2] ?? "");
      return undefined;
    }
    const killed = /^KILL CONNECTION (\d+)$/.exec(text);
    if (killed !== null) {
      const { changes } = this.#db.prepare("DELETE FROM stats_mysql_processlist WHERE SessionID = ?").run(Number(killed[1]));
      if (changes === 0) throw new Error(`Unknown thread id: ${killed[1] ?? ""}`);
      return undefined;
    }
    if (/^SELECT\b/i.test(text)) return this.#db.prepare(text).all();
    if (!/^(DELETE|INSERT|REPLACE|UPDATE)\b/i.test(text)) throw new Error("near: syntax error");
    this.#db.prepare(text).run();
    return undefined;
  }

  #move(table: string, to: string): void {
    this.#db.exec(`DELETE FROM ${to}`);
    this.#db.exec(`INSERT INTO ${to} SELECT * FROM main.${table}`);
  }

  #loaded(module: string): void {
    const name = module.toLowerCase().replaceAll(" ", "_");
    const [table = ""] = MODULES[module] ?? [];
    const content = JSON.stringify(this.#db.prepare(`SELECT * FROM runtime_${table} ORDER BY 1, 2`).all());
    const checksum = `0x${createHash("sha256").update(content).digest("hex").slice(0, 16).toUpperCase()}`;
    this.#db.prepare("UPDATE runtime_checksums_values SET version = version + 1, checksum = ? WHERE name = ?").run(checksum, name);
  }
}

interface Login {
  readonly user: string;
  readonly authToken: Buffer | undefined;
  readonly authPluginData1: Buffer;
  readonly authPluginData2: Buffer;
}

/** As mysql_native_password has it: SHA1(password) XOR SHA1(challenge, SHA1(SHA1(password))). */
function matches(password: string, { authToken, authPluginData1, authPluginData2 }: Login): boolean {
  const sha1 = (...parts: readonly (Buffer | string)[]): Buffer =>
    parts.reduce((hash, part) => hash.update(part), createHash("sha1")).digest();
  const once = sha1(password);
  const mask = sha1(Buffer.concat([authPluginData1, authPluginData2]).subarray(0, 20), sha1(once));
  const expected = Buffer.from(once.map((byte, index) => byte ^ (mask[index] ?? 0)));
  return authToken?.length === expected.length && timingSafeEqual(authToken, expected);
}

function columnsOf(rows: readonly object[]): object[] {
  return Object.keys(rows[0] ?? { nothing: "" }).map((name) => ({
    ...{ catalog: "def", schema: "", table: "", orgTable: "", name, orgName: name },
    ...{ characterSet: 33, columnLength: 500, columnType: 0xfd, flags: 0, decimals: 0 },
  }));
}

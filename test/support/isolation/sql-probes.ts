/** Whom a probe is about: the one that tries, and its neighbour. */
export interface ProbePair {
  /** Database and user of the tenant that tries. */
  readonly own: string;
  /** Database and user of the other. */
  readonly other: string;
  /** Id of a connection of the other, in which a statement runs. */
  readonly connection: number;
}

/** One way from a tenant to another's data, or to the server that both are on. */
export interface SqlProbe {
  readonly what: string;
  /** Sent by the tenant, one after another. It got through when none is refused and the last one answers as `reached` says. */
  readonly tries: (pair: ProbePair) => readonly string[];
  /** Default: any answer is one too many. */
  readonly reached?: (rows: readonly Readonly<Record<string, unknown>>[], pair: ProbePair) => boolean;
  /** Asked by the administrator afterwards, for what says yes and may have done nothing: it got through when no row is left. */
  readonly gone?: (pair: ProbePair) => string;
  /** Takes the control away: what an administrator would have to do so that the probe gets through. */
  readonly open: (pair: ProbePair) => readonly string[];
  /** Undoes what is not the tenant's own grants; these the provider mends. */
  readonly close?: (pair: ProbePair) => readonly string[];
}

const everything = ({ own, other }: ProbePair): string[] => [`GRANT ALL PRIVILEGES ON \`${other}\`.* TO \`${own}\`@'%'`];
const global =
  (privileges: string) =>
  ({ own }: ProbePair): string[] => [`GRANT ${privileges} ON *.* TO \`${own}\`@'%'`];
const table =
  (name: string, privileges = "SELECT") =>
  ({ own }: ProbePair): string[] => [`GRANT ${privileges} ON ${name} TO \`${own}\`@'%'`];
const some = (rows: readonly unknown[]): boolean => rows.length > 0;
const counted = (rows: readonly Readonly<Record<string, unknown>>[]): boolean => Number(rows[0]?.["n"] ?? 0) > 0;

type Shorter = readonly [what: string, ...tries: ((pair: ProbePair) => string)[]];

/** Refused statements that a grant on the other's database would let through. */
const inItsDatabase: readonly Shorter[] = [
  ["reads a row", ({ other }) => `SELECT * FROM \`${other}\`.secret`],
  ["adds a row", ({ other }) => `INSERT INTO \`${other}\`.secret VALUES (77, 'x')`],
  ["changes a row", ({ other }) => `UPDATE \`${other}\`.secret SET v = 'x' WHERE id = 1`],
  ["deletes rows", ({ other }) => `DELETE FROM \`${other}\`.secret WHERE id = 1`],
  ["empties a table", ({ other }) => `TRUNCATE TABLE \`${other}\`.spare`],
  ["drops a table", ({ other }) => `DROP TABLE \`${other}\`.spare`],
  ["makes a table", ({ other }) => `CREATE TABLE \`${other}\`.planted (a INT)`],
  ["changes a table", ({ other }) => `ALTER TABLE \`${other}\`.spare ADD COLUMN planted INT`],
  ["moves a table to itself", ({ own, other }) => `RENAME TABLE \`${other}\`.spare TO \`${own}\`.taken`],
  ["moves a table of its own there", ({ own, other }) => `RENAME TABLE \`${own}\`.spare TO \`${other}\`.planted`],
  ["copies a table's shape", ({ own, other }) => `CREATE TABLE \`${own}\`.shape LIKE \`${other}\`.secret`],
  ["copies a table's rows", ({ own, other }) => `CREATE TABLE \`${own}\`.copied AS SELECT * FROM \`${other}\`.secret`],
  ["reads by a join of an update", ({ own, other }) => `UPDATE \`${own}\`.secret a, \`${other}\`.secret b SET a.v = b.v WHERE a.id = b.id`],
  [
    "looks through a view of its own",
    ({ own, other }) => `CREATE VIEW \`${own}\`.peep AS SELECT * FROM \`${other}\`.secret`,
    ({ own }) => `SELECT * FROM \`${own}\`.peep`,
  ],
  [
    "looks through a procedure of its own",
    ({ own, other }) => `CREATE PROCEDURE \`${own}\`.peep() SELECT * FROM \`${other}\`.secret`,
    ({ own }) => `CALL \`${own}\`.peep()`,
  ],
  [
    "looks through a MERGE table",
    ({ own, other }) => `CREATE TABLE \`${own}\`.merged (a INT) ENGINE=MERGE UNION=(\`${other}\`.old) INSERT_METHOD=LAST`,
    ({ own }) => `SELECT * FROM \`${own}\`.merged`,
  ],
  [
    "guesses keys by a foreign key",
    ({ own, other }) => `CREATE TABLE \`${own}\`.guess (id INT, FOREIGN KEY (id) REFERENCES \`${other}\`.secret (id))`,
  ],
  ["opens a handler", ({ other }) => `HANDLER \`${other}\`.secret OPEN`],
  ["sums a table up", ({ other }) => `CHECKSUM TABLE \`${other}\`.secret`],
  ["locks a table", ({ other }) => `LOCK TABLES \`${other}\`.spare WRITE`],
  ["shows a table's definition", ({ other }) => `SHOW CREATE TABLE \`${other}\`.secret`],
  ["lists tables", ({ other }) => `SHOW TABLES FROM \`${other}\``],
  ["shows the database's definition", ({ other }) => `SHOW CREATE DATABASE \`${other}\``],
  ["changes the database's character set, and with it its mark", ({ other }) => `ALTER DATABASE \`${other}\` COMMENT 'mine'`],
  ["drops the database", ({ other }) => `DROP DATABASE \`${other}\``],
  ["uses the database", ({ other }) => `USE \`${other}\``],
  ["calls a procedure", ({ other }) => `CALL \`${other}\`.told(1)`],
  ["calls a function", ({ other }) => `SELECT \`${other}\`.tells()`],
  [
    "makes a trigger there",
    ({ other }) => `CREATE TRIGGER \`${other}\`.planted BEFORE INSERT ON \`${other}\`.spare FOR EACH ROW SET @x = 1`,
  ],
  ["makes an event there", ({ other }) => `CREATE EVENT \`${other}\`.planted ON SCHEDULE EVERY 1 DAY DO SELECT 1`],
  ["makes a temporary table there", ({ other }) => `CREATE TEMPORARY TABLE \`${other}\`.passing (a INT)`],
  ["reads by a prepared statement", ({ other }) => `EXECUTE IMMEDIATE 'SELECT * FROM \`${other}\`.secret'`],
];

/** What the information schema and SHOW tell of it: no error, but no row either. */
const listed: readonly (readonly [what: string, statement: (pair: ProbePair) => string])[] = [
  ["its name in SCHEMATA", ({ other }) => `SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '${other}'`],
  ["its name in SHOW DATABASES", ({ other }) => `SHOW DATABASES WHERE \`Database\` = '${other}'`],
  ...(["TABLES", "COLUMNS", "STATISTICS", "VIEWS", "PARTITIONS", "KEY_COLUMN_USAGE", "TABLE_CONSTRAINTS"] as const).map(
    (name) =>
      [
        `its rows in ${name}`,
        ({ other }: ProbePair) => `SELECT 1 FROM information_schema.${name} WHERE TABLE_SCHEMA = '${other}'`,
      ] as const,
  ),
  ["its triggers", ({ other }) => `SELECT ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '${other}'`],
  ["its events", ({ other }) => `SELECT EVENT_DEFINITION FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '${other}'`],
  ["its routines", ({ other }) => `SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '${other}'`],
  ["its parameters", ({ other }) => `SELECT 1 FROM information_schema.PARAMETERS WHERE SPECIFIC_SCHEMA = '${other}'`],
  ["its open tables", ({ other }) => `SHOW OPEN TABLES FROM \`${other}\``],
  ["its procedures in SHOW", ({ other }) => `SHOW PROCEDURE STATUS WHERE Db = '${other}'`],
];

const user = "CREATE USER";
/** Of the server, with the privilege that would let it through. */
const ofTheServer: readonly SqlProbe[] = [
  ...(
    [
      ["makes an account", user, () => "CREATE USER planted"],
      ["changes its neighbour's password", user, ({ other }) => `ALTER USER \`${other}\`@'%' IDENTIFIED BY 'x'`],
      ["lifts its own limits", user, ({ own }) => `ALTER USER \`${own}\`@'%' WITH MAX_USER_CONNECTIONS 0`],
      ["drops its neighbour's account", user, ({ other }) => `DROP USER \`${other}\`@'%'`],
      ["locks its neighbour out", user, ({ other }) => `ALTER USER \`${other}\`@'%' ACCOUNT LOCK`],
      ["makes a role", user, () => "CREATE ROLE planted"],
      ["ends its neighbour's connection", "CONNECTION ADMIN", ({ connection }) => `KILL ${String(connection)}`],
      ["ends its neighbour's statement", "CONNECTION ADMIN", ({ connection }) => `KILL QUERY ${String(connection)}`],
      ["asks how its neighbour's statement runs", "PROCESS", ({ connection }) => `SHOW EXPLAIN FOR ${String(connection)}`],
      ["reads InnoDB's status", "PROCESS", () => "SHOW ENGINE INNODB STATUS"],
      ["reads running transactions", "PROCESS", () => "SELECT * FROM information_schema.INNODB_TRX"],
      ["reads names of all tables in InnoDB", "PROCESS", () => "SELECT * FROM information_schema.INNODB_SYS_TABLES"],
      ["reads names of all tablespaces in InnoDB", "PROCESS", () => "SELECT * FROM information_schema.INNODB_SYS_TABLESPACES"],
      ["reads pages of the pool", "PROCESS", () => "SELECT TABLE_NAME FROM information_schema.INNODB_BUFFER_PAGE LIMIT 1"],
      ["sets a variable of the server", "SUPER", () => "SET GLOBAL general_log = 0"],
      ["sets how many may connect", "CONNECTION ADMIN", () => "SET GLOBAL max_connections = 500"],
      ["turns the event scheduler on", "SUPER", () => "SET GLOBAL event_scheduler = OFF"],
      ["names what each connection runs first", "CONNECTION ADMIN", () => "SET GLOBAL init_connect = ''"],
      ["makes the server read only", "READ_ONLY ADMIN", () => "SET GLOBAL read_only = 0"],
      ["stops all writing", "RELOAD", () => "FLUSH TABLES WITH READ LOCK"],
      ["flushes privileges", "RELOAD", () => "FLUSH PRIVILEGES"],
      ["flushes everybody's counters", "RELOAD", () => "FLUSH USER_RESOURCES"],
      ["keeps its writing out of the binlog", "BINLOG ADMIN", () => "SET SESSION sql_log_bin = 0"],
      ["lists binlogs", "BINLOG MONITOR", () => "SHOW MASTER STATUS"],
      ["replays a binlog", "BINLOG REPLAY", () => "SET SESSION gtid_seq_no = 1"],
      ["makes the server a replica", "REPLICATION SLAVE ADMIN", () => "CHANGE MASTER TO MASTER_HOST = '127.0.0.1'"],
      ["asks for the replica's state", "REPLICA MONITOR", () => "SHOW SLAVE STATUS"],
      ["names another server", "FEDERATED ADMIN", () => "CREATE SERVER planted FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1')"],
      [
        "makes a view that looks with its neighbour's eyes",
        "SET USER",
        ({ own, other }) => `CREATE DEFINER=\`${other}\`@'%' SQL SECURITY DEFINER VIEW \`${own}\`.peep AS SELECT CURRENT_USER() AS who`,
      ],
      [
        "makes a procedure that acts as its neighbour",
        "SET USER",
        ({ own, other }) => `CREATE DEFINER=\`${other}\`@'%' PROCEDURE \`${own}\`.peep() SELECT * FROM \`${other}\`.secret`,
      ],
      [
        "makes a function that acts as the administrator",
        "SET USER",
        ({ own }) => `CREATE DEFINER=\`howdah\`@'%' FUNCTION \`${own}\`.peep() RETURNS INT RETURN (SELECT COUNT(*) FROM mysql.global_priv)`,
      ],
      [
        "makes a trigger that acts as its neighbour",
        "SET USER",
        ({ own, other }) =>
          `CREATE DEFINER=\`${other}\`@'%' TRIGGER \`${own}\`.peep BEFORE INSERT ON \`${own}\`.spare FOR EACH ROW SET @x = 1`,
      ],
      [
        "makes an event that acts as its neighbour",
        "SET USER",
        ({ own, other }) => `CREATE DEFINER=\`${other}\`@'%' EVENT \`${own}\`.peep ON SCHEDULE EVERY 1 DAY DO SELECT 1`,
      ],
      ["writes a file", "FILE", () => `SELECT 'x' INTO OUTFILE '/run/mysqld/no-files/out-{once}'`],
      ["writes a program", "FILE", () => `SELECT 'x' INTO DUMPFILE '/run/mysqld/no-files/dump-{once}'`],
      ["reads a file into a table", "FILE", ({ own }) => `LOAD DATA INFILE '/run/mysqld/no-files/readable' INTO TABLE \`${own}\`.lines`],
      ["makes a database", "CREATE", () => "CREATE DATABASE planted"],
      ["stops the server's replication", "REPLICATION SLAVE ADMIN", () => "STOP ALL SLAVES"],
    ] as const satisfies readonly (readonly [string, string, (pair: ProbePair) => string])[]
  ).map(([what, privileges, statement]): SqlProbe => ({ what, tries: (pair) => [statement(pair)], open: global(privileges) })),
];

const special: readonly SqlProbe[] = [
  {
    what: "sees its neighbour's connections and statements",
    tries: ({ other }) => [`SELECT INFO FROM information_schema.PROCESSLIST WHERE USER = '${other}'`],
    reached: some,
    open: global("PROCESS"),
  },
  {
    what: "reads a file of the server",
    tries: () => ["SELECT LOAD_FILE('/run/mysqld/no-files/readable') AS content"],
    reached: ([row]) => row?.["content"] !== null,
    open: global("FILE"),
  },
  {
    what: "gives its neighbour's database to itself",
    tries: ({ own, other }) => [`GRANT SELECT ON \`${other}\`.* TO \`${own}\`@'%'`],
    open: ({ own, other }) => [`GRANT ALL PRIVILEGES ON \`${other}\`.* TO \`${own}\`@'%' WITH GRANT OPTION`],
  },
  {
    what: "gives its own database to its neighbour, whose programs then may read planted rows",
    tries: ({ own, other }) => [`GRANT SELECT ON \`${own}\`.* TO \`${other}\`@'%'`],
    open: ({ own }) => [`GRANT ALL PRIVILEGES ON \`${own}\`.* TO \`${own}\`@'%' WITH GRANT OPTION`],
    close: ({ own, other }) => [`REVOKE SELECT ON \`${own}\`.* FROM \`${other}\`@'%'`],
  },
  {
    what: "takes a role that has its neighbour's database",
    tries: () => ["SET ROLE shared_role"],
    open: ({ own, other }) => [
      "CREATE ROLE shared_role",
      `GRANT ALL PRIVILEGES ON \`${other}\`.* TO shared_role`,
      `GRANT shared_role TO \`${own}\`@'%'`,
    ],
    close: () => ["DROP ROLE shared_role"],
  },
  {
    what: "reads its neighbour's account",
    tries: ({ other }) => [`SHOW GRANTS FOR \`${other}\`@'%'`],
    open: table("mysql.*"),
  },
  {
    what: "reads its neighbour's password hash",
    tries: ({ other }) => [`SHOW CREATE USER \`${other}\`@'%'`],
    open: table("mysql.*"),
  },
  ...[
    "global_priv",
    "user",
    "db",
    "tables_priv",
    "proc",
    "event",
    "innodb_table_stats",
    "innodb_index_stats",
    "general_log",
    "slow_log",
    "servers",
    "func",
    "plugin",
  ].map((name): SqlProbe => ({ what: `reads mysql.${name}`, tries: () => [`SELECT * FROM mysql.${name}`], open: table(`mysql.${name}`) })),
  {
    what: "sets its neighbour's password",
    tries: ({ other }) => [`SET PASSWORD FOR \`${other}\`@'%' = PASSWORD('x')`],
    open: table("mysql.*", "UPDATE"),
  },
  {
    what: "writes a grant into the server's tables",
    tries: ({ own, other }) => [`INSERT INTO mysql.db (Host, Db, User, Select_priv) VALUES ('%', '${other}', '${own}', 'Y')`],
    open: table("mysql.*", "INSERT, SELECT"),
    close: ({ own, other }) => [`DELETE FROM mysql.db WHERE Db = '${other}' AND User = '${own}'`, "FLUSH PRIVILEGES"],
  },
  {
    what: "takes a plugin away from the server",
    tries: () => ["UNINSTALL PLUGIN IF EXISTS planted"],
    open: table("mysql.plugin", "DELETE"),
  },
  {
    what: "reads of other accounts in USER_PRIVILEGES",
    tries: ({ other }) => [`SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = '''${other}''@''%'''`],
    reached: some,
    open: table("mysql.*"),
  },
  {
    what: "reads of other accounts in SCHEMA_PRIVILEGES",
    tries: ({ other }) => [`SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = '''${other}''@''%'''`],
    reached: some,
    open: table("mysql.*"),
  },
  {
    what: "reads statements kept by performance_schema",
    tries: () => ["SELECT * FROM performance_schema.events_statements_history"],
    open: table("performance_schema.*"),
  },
  {
    what: "reads what sys sums up",
    tries: () => ["SELECT COUNT(*) AS n FROM sys.sys_config"],
    reached: counted,
    open: table("sys.*"),
  },
  {
    what: "reads what its neighbour does",
    tries: ({ other }) => [`SELECT * FROM information_schema.USER_STATISTICS WHERE USER = '${other}'`],
    reached: some,
    open: global("PROCESS"),
  },
  {
    what: "reads from where other accounts come",
    tries: () => ["SELECT * FROM information_schema.CLIENT_STATISTICS"],
    reached: some,
    open: global("PROCESS"),
  },
  {
    what: "reads how much of a table its neighbour reads",
    tries: ({ other }) => [`SELECT * FROM information_schema.TABLE_STATISTICS WHERE TABLE_SCHEMA = '${other}'`],
    reached: some,
    open: everything,
  },
  ...[
    ["all of its neighbour's connections", ({ other }: ProbePair) => `KILL USER \`${other}\`@'%'`] as const,
    ["connections by a name without a host", ({ other }: ProbePair) => `KILL HARD CONNECTION USER \`${other}\``] as const,
  ].map(
    ([what, statement]): SqlProbe => ({
      what: `ends ${what}`,
      tries: (pair) => [statement(pair)],
      // The server says yes to it and ends those that the tenant may end: none.
      gone: ({ connection }) => `SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${String(connection)}`,
      open: global("CONNECTION ADMIN"),
    }),
  ),
  {
    what: "reads the body of its neighbour's procedure",
    tries: ({ other }) => [`SHOW CREATE PROCEDURE \`${other}\`.told`],
    reached: ([row]) => typeof row?.["Create Procedure"] === "string",
    open: ({ own, other }) => [...everything({ own, other, connection: 0 }), ...table("mysql.proc")({ own, other, connection: 0 })],
  },
];

/** Every probe, in the order of its kind. `{once}` in a statement stands for a word that is used once. */
export const sqlProbes: readonly SqlProbe[] = [
  ...inItsDatabase.map(
    ([what, ...statements]): SqlProbe => ({ what, tries: (pair) => statements.map((one) => one(pair)), open: everything }),
  ),
  ...listed.map(
    ([what, statement]): SqlProbe => ({ what: `is told ${what}`, tries: (pair) => [statement(pair)], reached: some, open: everything }),
  ),
  ...ofTheServer,
  ...special,
];

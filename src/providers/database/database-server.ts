import type { Secret } from "../../kernel/secret.ts";
import type { RouterUser } from "../router/database-router.ts";

/** A server as it can be reached from here. Its pod may get another address at every start, so it is looked up for each connection. */
export interface ServerReference {
  /** Name of its Service: `mariadb-11-8`. */
  readonly name: string;
  /** Its host name for sites, when that is another. */
  readonly host?: string;
  /** Where it listens now; undefined while it has no pod. */
  locate(): Promise<{ readonly address: string; readonly port: number } | undefined>;
  /** Where sites get there, when that is another place: routers that know users, and no administrator. */
  readonly way?: ServerReference["locate"];
  /** Of an environment's own server: its namespace, with whose secrets the administrator's password is. Left out: in `howdah-system`. */
  readonly ownedBy?: string;
}

/** Whose database: the names are derived from this, never chosen. */
export interface DatabaseOwner {
  readonly site: string;
  readonly environment: string;
  /** The namespace of the environment, in which its secrets are kept. */
  readonly namespace: string;
}

/** What bounds a database's user on its server; 0: no bound. */
export interface DatabaseLimits {
  /** Connections at one time (MAX_USER_CONNECTIONS). */
  readonly connections: number;
  /** Seconds that a statement may take (MAX_STATEMENT_TIME), unless its session says otherwise. */
  readonly statementSeconds: number;
}

/** What one user of a server did. Numbers count from the server's start, or from when it was first asked. */
export interface DatabaseUse {
  readonly user: string;
  /** Open now. */
  readonly connections: number;
  readonly connectionsSince: number;
  readonly queries: number;
  readonly cpuSeconds: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** What a site gets. */
export interface DatabaseRequest extends DatabaseOwner {
  readonly server: ServerReference;
  readonly charset: string;
  readonly collation: string;
  /** Bounds of its user; left out: those that it has stay. */
  readonly limits?: DatabaseLimits | undefined;
  /** The end of a rotation: the former password, which is valid while one is under way, no longer is. */
  readonly withdrawFormer?: boolean;
  /** Called when the server has the database and its user, before the user logs in to prove it: routers that know users must have learned of it. */
  readonly beforeProof?: () => Promise<void>;
}

/** How a site reaches its database. */
export interface DatabaseAccess {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
  readonly password: Secret;
  /** `mysql://user:password@host:port/name`. */
  readonly url: Secret;
  /** Identity of this very database: a later one of the same name has another. `dropDatabase` asks for it. */
  readonly uid: string;
  /** False when everything was there already and nothing was written. */
  readonly changed: boolean;
}

/** The one database of an environment's own server. */
export interface OwnDatabaseRequest {
  /** Owned by the environment's namespace. */
  readonly server: ServerReference & { readonly ownedBy: string };
  /** Of the database and its user. */
  readonly name: string;
  readonly charset: string;
  readonly collation: string;
}

/** How an environment reaches it, and what its server reads at each start. */
export interface OwnDatabase extends DatabaseAccess {
  /** `client.cnf` and `init.sql`. */
  readonly files: Readonly<Record<string, Secret>>;
}

/** A step of the entrypoint's ledger: `install`, or `migrate:` and the identity of the migration's inputs. */
export interface LedgerRow {
  readonly step: string;
  /** As src/entrypoint/php/ledger.php has it: `started`, `done`, `failed`, `adopted`, `interrupted`, `retry`. */
  readonly state: string;
  readonly runner: string;
}

/** A database that somebody made on a server, with its user. */
export interface FoundDatabase {
  readonly name: string;
  readonly user: string;
  /** As `DatabaseAccess` has it. */
  readonly uid: string;
}

/** A database on a server. */
export interface DatabaseReference {
  readonly server: ServerReference;
  readonly name: string;
}

/**
 * The databases of sites on shared servers. Every call is idempotent and safe to repeat after a crash.
 * Errors: `database/unreachable` when the server can't be reached, `database/failed` when it refuses.
 */
export interface DatabaseServer {
  /** Files for the server's Secret: `client.cnf` and `init.sql`. The administrator's password is generated once and kept. */
  adminSecret(serverName: string): Promise<Readonly<Record<string, Secret>>>;
  /**
   * The database and user of an environment's own server. Nobody is asked: the server makes both itself at every start, from `init.sql`, whatever data directory
   * it has got. All three secrets are generated once and kept.
   */
  ownDatabase(request: OwnDatabaseRequest): Promise<OwnDatabase>;
  /** Resolves when the server answers a query of the administrator; `database/unreachable` after `timeoutMs`. */
  waitReady(server: ServerReference, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<void>;
  /** The site's own database, user and password: made when missing, mended when different, else untouched. */
  ensureDatabase(request: DatabaseRequest): Promise<DatabaseAccess>;
  /** What is there under the name that is an owner's, whoever made it; undefined without one, or for one that is not Howdah's. */
  findDatabase(server: ServerReference, owner: Pick<DatabaseOwner, "site" | "environment">): Promise<FoundDatabase | undefined>;
  /**
   * Deletes a database and its user for good, after the retention period only. `uid` must be the one that `ensureDatabase` answered:
   * another database of the same name is left alone. False when there was nothing of that identity.
   */
  dropDatabase(database: DatabaseReference & { readonly user: string; readonly uid: string }): Promise<boolean>;
  /** Drops and makes the database anew, empty, with the same traits and identity; its user and grants stay. */
  emptyDatabase(database: DatabaseReference): Promise<void>;
  /** Locks a database's user and ends its sessions, or lets it in again. The next `ensureDatabase` also lets it in. Does nothing without the user. */
  suspendUser(user: { readonly server: ServerReference; readonly user: string }, suspended: boolean): Promise<void>;
  /**
   * Takes from a database's user what makes it larger (reading, deleting and dropping stay) and ends its sessions; `ensureDatabase` leaves it so
   * until `allowWrites`. Both do nothing without such a user, and when it is so already.
   */
  blockWrites(database: DatabaseReference): Promise<void>;
  allowWrites(database: DatabaseReference): Promise<void>;
  /** All users of databases, as routers that know users must know them. */
  routerUsers(server: ServerReference): Promise<readonly RouterUser[]>;
  /** Names of the databases that are blocked, sorted. */
  blockedDatabases(server: ServerReference): Promise<readonly string[]>;
  /** What users of the server did, counted by the server. The first call may have to turn the counting on. */
  usage(server: ServerReference): Promise<readonly DatabaseUse[]>;
  databaseExists(database: DatabaseReference): Promise<boolean>;
  /** Tables and views. 0 also when the database does not exist. */
  tableCount(database: DatabaseReference): Promise<number>;
  /** What the entrypoints of the site's containers wrote down of its steps, by name; null when none has looked at this data yet. */
  ledger(database: DatabaseReference): Promise<readonly LedgerRow[] | null>;
  /** Views that refer to tables or columns which are gone: they can be neither read nor dumped. */
  brokenViews(database: DatabaseReference): Promise<readonly string[]>;
  /** Bytes of data and indexes, as the server estimates them. */
  sizeBytes(database: DatabaseReference): Promise<number>;
}

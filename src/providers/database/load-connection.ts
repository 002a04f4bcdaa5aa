import type { Row } from "./mariadb/sql-client.ts";
import type { Sql } from "../../kernel/sql.ts";

/**
 * A connection that a test load holds. Nothing is tried again: what the server or the network did to a statement reaches who sent it.
 * An error is `Error` with the driver's short code in `code` (`ECONNREFUSED`, `ER_LOCK_DEADLOCK`).
 */
export interface LoadConnection {
  query(statement: Sql): Promise<readonly Row[]>;
  close(): void;
}

/** A place for a test load: a database of its own with a user that sees nothing else. */
export interface ScratchDatabase {
  connect(): Promise<LoadConnection>;
  /** For good, with its user; no error when there is none any more. */
  drop(): Promise<void>;
}

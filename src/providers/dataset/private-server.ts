import type { Readable } from "node:stream";
import type { Sql } from "../../kernel/sql.ts";

/** A cell as the server sent it, its bytes unread; null for NULL. */
export type RawCell = Buffer | null;

/** One connection to a private server. Errors name the refusal's number and never a value of a row. */
export interface PrivateConnection {
  /** Rows by column name; all of them, so only for short answers. */
  query(statement: Sql): Promise<readonly Readonly<Record<string, string | number | null>>[]>;
  /** How many rows a statement changed. */
  execute(statement: Sql): Promise<number>;
  /** Runs a statement with values for its question marks: they stand in no statement's text. */
  prepared(statement: Sql, values: readonly RawCell[]): Promise<void>;
  /** Rows as they come, cells in the statement's order; never more than a few hundred are held. */
  rows(statement: Sql): AsyncIterable<readonly RawCell[]>;
  close(): Promise<void>;
}

/** A directory of the machine in a container. */
export interface MountedDirectory {
  readonly from: string;
  readonly to: string;
  readonly readOnly?: boolean;
}

/** What every container of a breed has: no network, no right, nothing of the machine but these directories. */
export interface SealedContainer {
  /** Names the breed: what is left of one whose process died goes by it. */
  readonly breed: string;
  readonly image: string;
  readonly argv: readonly string[];
  readonly directories: readonly MountedDirectory[];
  /** Absolute path in the container to text, read-only. */
  readonly files?: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
}

/** A server that only root of this machine reaches: by a socket in a directory that is closed to everybody else. */
export interface PrivateServer {
  connect(): Promise<PrivateConnection>;
  /** Runs a program in its container. Answers its output's bytes and how it ends; it fails with the program's last words. */
  exec(argv: readonly string[], input?: Readable): { readonly stdout: Readable; readonly done: Promise<void> };
  /** Ends it as MariaDB wants to be ended, however long that takes; `false`: at once. */
  stop(clean: boolean): Promise<void>;
}

/** What a program in a container said. */
export interface SealedEnd {
  readonly code: number;
  readonly lastLines: readonly string[];
}

/**
 * Servers and programs in containers without a network, for data that nobody has anonymized yet. Everything they leave is taken away by `sweep`, which a
 * breed calls before it begins and the agent at its start.
 */
export interface PrivateServers {
  /** Resolves when it answers. Error: `dataset/failed` with its last words. */
  start(container: SealedContainer, signal: AbortSignal): Promise<PrivateServer>;
  /** Runs a program to its end. */
  run(container: SealedContainer, options: { readonly input?: Readable; readonly signal: AbortSignal }): Promise<SealedEnd>;
  /** Takes away containers and sockets of a breed, or of all whose process is dead. Answers how many there were. */
  sweep(breed?: string): Promise<number>;
}

/** Where a private server's socket is in its container; its directory is the machine's. */
export const PRIVATE_SOCKET = "/run/mysqld/mysqld.sock";

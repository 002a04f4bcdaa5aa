import type { BackupReason, BinlogPosition } from "../backup-record.ts";

/** A site's database on a server that was backed up. */
export interface CopiedDatabase {
  readonly name: string;
  /** Null: no site of this machine has it. */
  readonly namespace: string | null;
}

/** What became of starting a scratch server on a backup's files. */
export interface ServerVerification {
  readonly at: string;
  readonly seconds: number;
  readonly equal: boolean;
  /** What differed, or what went wrong; null when all was equal. */
  readonly reason: string | null;
  readonly tables: number;
  /** Of them those whose content was the same before and after the backup, and is the same in it. */
  readonly compared: number;
}

/** A copy of a database server's files at one moment. All but `state`, `runner` and `verified` is in the store too. Holds no secret. */
export interface ServerBackup {
  /** As backups of sites have it; both sort by time. */
  readonly id: string;
  readonly server: string;
  readonly store: string;
  readonly why: Exclude<BackupReason, "before a restore">;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** `running` without its runner: it was cut off. */
  readonly state: "running" | "done" | "failed";
  readonly runner: string;
  /** Why it failed. */
  readonly reason: string | null;
  /** MariaDB's. */
  readonly version: string;
  readonly part: string | null;
  /** Of the stream, which is about what the files take. */
  readonly bytes: number;
  readonly sha256: string;
  readonly databases: readonly CopiedDatabase[];
  readonly tables: number;
  /** Where the server's binlog was at that moment; null for a server without one. */
  readonly position: BinlogPosition | null;
  /** RFC 3339: the moment that the files show lies between them. */
  readonly begun: string;
  readonly ended: string;
  /** The last part written, so what has it is whole. */
  readonly manifest: string | null;
  readonly verified: ServerVerification | null;
}

/** One table of a server. */
export interface CopiedTable {
  readonly database: string;
  readonly name: string;
  /** By `CHECKSUM TABLE`; null when it was written to while the backup was made, so that nobody knows its content at that moment. */
  readonly checksum: string | null;
}

/** What makes the parts of a server's backup one, and what it is compared with. */
export interface ServerManifest {
  readonly version: 1;
  readonly backup: ServerBackup;
  readonly tables: readonly CopiedTable[];
}

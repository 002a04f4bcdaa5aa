import type { StoreLocation } from "../../providers/backup/backup-repository.ts";
import type { TenantBounds, TenantProfile } from "../../catalog/tenant-profiles.ts";
import type { CronMark } from "../../schedule/due.ts";
import type { TableDigest } from "./dump-digest.ts";

/** A place for backups that a person set; its keys are in the secret store. */
export interface StoreDocument {
  readonly name: string;
  readonly location: StoreLocation;
  /** RFC 3339. */
  readonly setAt: string;
}

/** The database in a backup. */
export interface BackedUpDatabase {
  readonly part: string;
  readonly name: string;
  readonly user: string;
  readonly server: string;
  readonly version: string;
  /** Of the SQL. */
  readonly bytes: number;
  readonly sha256: string;
  /** Tables and views by name, as the dump has them. */
  readonly tables: Readonly<Record<string, TableDigest>>;
  /** Where the server's binlog was at that moment; null for a server without one. */
  readonly position: BinlogPosition | null;
  /** RFC 3339: not later than the moment that the dump shows, and not earlier. */
  readonly begun: string;
  readonly ended: string;
}

/** A place in the binlog of one data directory. */
export interface BinlogPosition {
  /** Names the data directory's incarnation: positions of others mean nothing in it. */
  readonly timeline: string;
  readonly file: string;
  readonly offset: number;
}

/** One of the site's directories in a backup. */
export interface BackedUpFiles {
  readonly part: string;
  /** Absolute in the container. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  /** Of the sorted list of names, sizes and the files' own hashes. */
  readonly sha256: string;
  /** What is neither a file nor a directory is not backed up. */
  readonly leftOut: readonly string[];
}

/** Why a backup was made. */
export type BackupReason = "asked" | "schedule" | "before a restore";

/** What became of restoring a backup into a scratch place. */
export interface Verification {
  readonly at: string;
  readonly seconds: number;
  readonly equal: boolean;
  /** What differed, or what went wrong; null when all was equal. */
  readonly reason: string | null;
  readonly tables: number;
  readonly rows: number;
  readonly files: number;
}

/** What is remembered of a backup on this machine; all but `state`, `runner` and `verified` is in the store too. Holds no secret. */
export interface BackupRecord {
  /** `20261122-120501-3f2a`: sorts by time. */
  readonly id: string;
  readonly namespace: string;
  readonly site: string;
  readonly store: string;
  readonly why: BackupReason;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** `running` without its runner: it was cut off. */
  readonly state: "running" | "done" | "failed";
  readonly runner: string;
  /** Why it failed. */
  readonly reason: string | null;
  readonly database: BackedUpDatabase | null;
  readonly files: readonly BackedUpFiles[];
  /** The part with the site file, the secrets and this record; the last one written, so what has it is whole. */
  readonly manifest: string | null;
  readonly verified: Verification | null;
}

/** How many backups stay. */
export interface Retention {
  readonly last: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

/** When a site is backed up. */
export interface ScheduleDocument {
  readonly namespace: string;
  readonly store: string;
  /** As crons have them: `H 3 * * *`. */
  readonly schedule: string;
  readonly keep: Retention;
  readonly mark: CronMark | null;
  /** The last backup that it made, and when the last one failed; null: none yet. */
  readonly last: { readonly id: string | null; readonly at: string; readonly failure: string | null } | null;
}

/** What a site has on its machine that neither its file nor its secrets say: a new machine needs it, and it is in each backup. */
export interface SitePlacement {
  /** Null: a site of nobody. */
  readonly tenant: {
    readonly name: string;
    readonly profile: TenantProfile;
    readonly bounds: TenantBounds;
    /** In the place of those of the file; null: the file's. */
    readonly hostnames: readonly string[] | null;
  } | null;
  /** `up --tls` was said of it. */
  readonly localTls: boolean;
  readonly schedule: Pick<ScheduleDocument, "schedule" | "keep"> | null;
}

/** A site that is being brought back from a store: written down before it runs, forgotten when it holds its backup. */
export interface Rebuilding {
  readonly namespace: string;
  readonly backup: string;
  /** RFC 3339. */
  readonly since: string;
  /** Its content is back: who restores it once more keeps what is there first. */
  readonly restored?: boolean;
}

import type { LogFile, LogPosition } from "../../plan/database-move/next-round.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { SiteRecord } from "../ports.ts";

/** A whole copy. Both are records of the one site: as it is, and as it would be on the other server. */
export interface CopyRequest {
  readonly from: SiteRecord;
  readonly to: SiteRecord;
  /** Ask where the source's log is at the moment of the copy. */
  readonly withPosition: boolean;
  /** Views that can't be copied. */
  readonly leftOut: readonly string[];
  /** Bytes of the database, for progress. */
  readonly bytes: number;
}

/** What was copied. */
export interface Copied {
  /** Of SQL. */
  readonly bytes: number;
  readonly position: LogPosition | null;
}

/** A piece of the source's log. */
export interface ReplayRequest {
  readonly from: SiteRecord;
  readonly to: SiteRecord;
  /** The account on the other server that may replay it. */
  readonly as: { readonly user: string; readonly password: Secret };
  readonly files: readonly LogFile[];
  readonly begin: LogPosition;
  readonly end: LogPosition;
}

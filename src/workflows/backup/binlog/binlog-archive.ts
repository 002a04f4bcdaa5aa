/** One closed binlog that was shipped. */
export interface ShippedBinlog {
  readonly file: string;
  readonly bytes: number;
}

/**
 * Binlogs without a gap, of one data directory: what is in them can be replayed onto a backup of the same timeline. `from` and `to`
 * are RFC 3339: between them every second can be restored.
 */
export interface BinlogSegment {
  readonly timeline: string;
  readonly files: readonly ShippedBinlog[];
  readonly from: string;
  readonly to: string;
  /** Why the next one begins anew; null for the one that goes on. */
  readonly ended: string | null;
}

/** What is known of a server's shipped binlogs. */
export interface BinlogArchive {
  readonly server: string;
  /** Oldest first; the last one goes on. */
  readonly segments: readonly BinlogSegment[];
  /** The store that has them, and its newest part with all that are kept. */
  readonly store: string;
  readonly part: string | null;
  readonly shippedAt: string | null;
  /** The binlog that was written when nothing more was in it: while it is as large, nothing happened. */
  readonly idle: ShippedBinlog | null;
  readonly failure: string | null;
}

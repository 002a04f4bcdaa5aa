import type { BlockReason, DiskLevel } from "../../plan/disk-guard/decide-disk-guard.ts";
import type { SiteDatabase } from "../ports.ts";

/** One that may not write. */
export interface BlockedDatabase {
  readonly database: string;
  readonly because: BlockReason;
  /** RFC 3339. */
  readonly since: string;
  /** Left on the volume then; absent where an earlier version wrote it down. */
  readonly freeBytes?: number;
}

/** How the disk of a database server is, for people: what holds is what the server itself remembers. */
export interface DiskGuardRecord {
  readonly server: string;
  readonly level: DiskLevel;
  /** Of the volume's file system, when this was written. */
  readonly usedPercent: number;
  readonly blocked: readonly BlockedDatabase[];
  /** What took the disk then; absent where an earlier version wrote it down. */
  readonly takes?: DiskTakers;
  /** RFC 3339. */
  readonly at: string;
}

/** Bytes of a server's file system, by what they are. Only who writes into databases can be stopped; of the others people must know. */
export interface DiskTakers {
  readonly databases: number;
  /** The server's own: binary logs, undo, the dictionary. */
  readonly server: number;
  /** Whatever else is on that disk: uploads and other volumes, images, logs, programs that are not Howdah's. */
  readonly others: number;
}

/** What takes most of a server's disk. Undefined: not known. */
export function mostTaker({ takes }: DiskGuardRecord): keyof DiskTakers | undefined {
  if (takes === undefined) return undefined;
  const { databases, server, others } = takes;
  if (others >= databases + server) return "others";
  return server > databases ? "server" : "databases";
}

/** Why a site may not write, in words that stay the same while it is so. Undefined: it may. */
export function whyNoWrites(database: SiteDatabase | null, record: DiskGuardRecord | undefined): string | undefined {
  return noWrites(database, record)?.message;
}

/** The same with one word for programs. */
export function noWrites(
  database: Pick<SiteDatabase, "name"> | null,
  record: DiskGuardRecord | undefined,
): { readonly reason: string; readonly message: string } | undefined {
  const blocked = record?.blocked.find((one) => one.database === database?.name);
  if (blocked === undefined || record === undefined) return undefined;
  const othersFill = blocked.because === "no-room-for-anybody" && mostTaker(record) === "others";
  return { reason: REASONS[blocked.because], message: othersFill ? OTHERS_FILL : WORDS[blocked.because] };
}

const REASONS: Readonly<Record<BlockReason, string>> = {
  "grew-fastest": "DiskAlmostFull",
  "above-its-profile": "AboveItsProfile",
  "no-room-for-anybody": "DiskFull",
};

const STAYS = "It may read and delete, and writes again when there is room: see docs/how-to/when-the-database-disk-is-full.md";

const WORDS: Readonly<Record<BlockReason, string>> = {
  "grew-fastest": `The disk of its database server is almost full, and this site's database grew fastest. ${STAYS}`,
  "above-its-profile": `Its database is larger than its tenant's profile gives. ${STAYS}`,
  "no-room-for-anybody": `The disk of its database server is so full that no site may write. ${STAYS}`,
};

const OTHERS_FILL = `The disk of its database server is so full that no site may write, and most of it are files beside databases. ${STAYS}`;

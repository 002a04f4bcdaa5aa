import type { MoveStep } from "../../plan/database-move/move-steps.ts";
import type { DatabaseMover } from "../../providers/database/database-mover.ts";
import type { DocumentStore, EngineContext, SiteDatabase, SiteRecord } from "../ports.ts";
import type { CopyRequest, Copied, ReplayRequest } from "./carry-request.ts";

/** What a move of a site's database has begun, written before it begins it. Holds no secret. */
export interface MoveJournal {
  readonly namespace: string;
  readonly step: MoveStep;
  readonly from: SiteDatabase;
  /** Name of the server that it moves to. */
  readonly to: string;
  /** The database there is this move's own: nobody had one of that name before. */
  readonly madeThere: boolean;
  /** Visitors are kept out, and the former server lets the site's user in no more. */
  readonly held: boolean;
  readonly formerRecord: SiteRecord;
  /** The release that served before and would again. */
  readonly formerRelease: string;
  /** Record and release on the new server; null before there is one. */
  readonly wanted: SiteRecord | null;
  readonly release: string | null;
  /** RFC 3339. */
  readonly startedAt: string;
}

/** A database that a site has left: locked, unreachable for the site, kept until a day. */
export interface FormerDatabase {
  readonly namespace: string;
  readonly database: SiteDatabase;
  readonly movedTo: string;
  readonly movedAt: string;
  /** RFC 3339: from then on the agent drops it. */
  readonly keptUntil: string;
}

/** What moving databases needs beside the ports of all verbs. */
export interface DatabaseMovePorts {
  readonly mover: DatabaseMover;
  /** Moves under way or cut off, by namespace. */
  readonly journals: DocumentStore<MoveJournal>;
  /** By `NAMESPACE.SERVER`. */
  readonly formers: DocumentStore<FormerDatabase>;
  /** How content gets from one server to another. */
  readonly carrier: Carrier;
}

/** Carries a database's content between two servers of this engine, as programs beside the servers do. */
export interface Carrier {
  /** Everything, as it is at one moment. */
  copy(request: CopyRequest, context: EngineContext): Promise<Copied>;
  /** What was written between two places of the source's log, in the order it was written. */
  replay(request: ReplayRequest, context: EngineContext): Promise<void>;
  /** Whether the program that reads a log is beside the server: images of an older Howdah lack it. */
  readsLog(record: SiteRecord, context: EngineContext): Promise<boolean>;
  /** Free bytes beside a server's data; null for one whose disk is not here. */
  room(record: SiteRecord, context: EngineContext): Promise<number | null>;
}

/** Where a former database is written down. */
export function formerName(namespace: string, server: string): string {
  return `${namespace}.${server}`;
}

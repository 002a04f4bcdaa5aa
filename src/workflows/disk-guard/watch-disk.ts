import {
  type DatabaseGrowth,
  type DiskSight,
  type DiskSpace,
  decideDiskGuard,
  isQuietDisk,
  usedPercent,
} from "../../plan/disk-guard/decide-disk-guard.ts";
import type { ServerReference } from "../../providers/database/database-server.ts";
import type { Ports } from "../ports.ts";
import type { BlockedDatabase, DiskGuardRecord, DiskTakers } from "./disk-guard-record.ts";

/** A database server with its volume. */
export interface GuardedServer {
  readonly reference: ServerReference;
  room(): Promise<DiskSpace>;
  /** Bytes that each database takes, by name; those of the server itself are left out. */
  sizes(): Promise<ReadonlyMap<string, number>>;
  /** Bytes that the server takes for itself: logs, undo, its dictionary. */
  ownBytes(): Promise<number>;
  /** What tenants' profiles give to databases, in bytes, by name; those without a bound are left out. */
  limits(): Promise<ReadonlyMap<string, number>>;
}

/** What a look acts through. */
export interface DiskGuardPorts extends Pick<Ports, "clock"> {
  readonly databases: Pick<Ports["databases"], "blockWrites" | "allowWrites" | "blockedDatabases">;
  readonly diskGuards: Pick<NonNullable<Ports["diskGuards"]>, "get" | "put">;
}

/** What a look did. */
export type DiskAct =
  | { readonly act: "blocked"; readonly database: string; readonly because: BlockedDatabase["because"] }
  | { readonly act: "allowed"; readonly database: string }
  | { readonly act: "level"; readonly disk: DiskGuardRecord["level"]; readonly usedPercent: number };

/** Of a machine whose agent looks each second. */
const LIMITS_LOOKS = 15;
/** Growth is an average of so many looks. */
const WINDOW = 5;

/**
 * Watches one server's disk: each call of what it answers is a look. Remembers between looks only what makes speeds. `limitsLooks`: databases with a
 * bound are measured at each so many of them while there is room.
 */
export function diskWatch(server: GuardedServer, ports: DiskGuardPorts, limitsLooks = LIMITS_LOOKS): () => Promise<readonly DiskAct[]> {
  let formerFree: number | undefined;
  let window: readonly ReadonlyMap<string, number>[] = [];
  let looks = 0;
  return async () => {
    const space = await server.room();
    const fellBytes = formerFree === undefined ? 0 : formerFree - space.freeBytes;
    formerFree = space.freeBytes;
    const known = await ports.diskGuards.get(server.reference.name);
    const isRound = looks++ % limitsLooks === 0;
    // Then the free space alone is asked, which costs one system call.
    const quiet = known !== undefined && isQuietDisk(space, fellBytes, { level: known.level, anyBlocked: known.blocked.some(isForDisk) });
    const limits = quiet && !isRound ? NONE : await server.limits();
    const isIdle = quiet && (!isRound || (limits.size === 0 && known.blocked.length === 0));
    if (isIdle) window = [];
    if (isIdle) return [];
    const sizes = await server.sizes();
    window = [...window, sizes].slice(-WINDOW);
    const blocked = new Set(await ports.databases.blockedDatabases(server.reference));
    const databases = [...sizes].map(([name, bytes]): DatabaseGrowth => {
      const grewBytes = window.length < 2 ? 0 : Math.max(0, (bytes - (window[0]?.get(name) ?? 0)) / (window.length - 1));
      const sinceBlock = sinceIts(
        known?.blocked.find(({ database }) => database === name),
        space,
        ports.clock.now(),
      );
      return { name, bytes, grewBytes, limitBytes: limits.get(name) ?? null, blocked: blocked.has(name), sinceBlock };
    });
    return await act({ server, sight: { space, fellBytes, databases }, known, blocked }, ports);
  };
}

const NONE: ReadonlyMap<string, number> = new Map();

interface Look {
  readonly server: GuardedServer;
  readonly sight: DiskSight;
  readonly known: DiskGuardRecord | undefined;
  readonly blocked: ReadonlySet<string>;
}

/** The server first, the record after: after a crash between the two the next look finds out from the server. */
async function act({ server, sight, known, blocked }: Look, ports: DiskGuardPorts): Promise<readonly DiskAct[]> {
  const { reference } = server;
  const { level, block, giveBack } = decideDiskGuard(sight);
  const acts: DiskAct[] = [];
  for (const { name, because } of block) {
    await ports.databases.blockWrites({ server: reference, name });
    acts.push({ act: "blocked", database: name, because });
  }
  for (const name of giveBack) {
    await ports.databases.allowWrites({ server: reference, name });
    acts.push({ act: "allowed", database: name });
  }
  const percent = Math.round(usedPercent(sight.space));
  if (level !== (known?.level ?? "fine")) acts.push({ act: "level", disk: level, usedPercent: percent });
  const at = new Date(ports.clock.now()).toISOString();
  const stays = [...blocked].filter((name) => !giveBack.includes(name)).map((database) => formerly(database, known, at));
  const now = [...stays, ...block.map(({ name, because }) => ({ database: name, because, since: at, freeBytes: sight.space.freeBytes }))];
  const same = known !== undefined && acts.length === 0 && JSON.stringify(known.blocked) === JSON.stringify(now);
  if (same) return acts;
  const record = { server: reference.name, level, usedPercent: percent, blocked: now, takes: await takersOf(server, sight), at };
  await ports.diskGuards.put(reference.name, record);
  return acts;
}

/** Files in volumes and what is not Howdah's fill the same disk: whoever is to make room must know which of them it is. */
async function takersOf(server: GuardedServer, { space, databases }: DiskSight): Promise<DiskTakers> {
  const bytes = databases.reduce((sum, one) => sum + one.bytes, 0);
  const own = await server.ownBytes();
  return { databases: bytes, server: own, others: Math.max(0, space.totalBytes - space.freeBytes - bytes - own) };
}

function formerly(database: string, known: DiskGuardRecord | undefined, at: string): BlockedDatabase {
  return known?.blocked.find((one) => one.database === database) ?? { database, because: "grew-fastest", since: at };
}

function isForDisk({ because }: BlockedDatabase): boolean {
  return because !== "above-its-profile";
}

/** A tenant above its profile is given back by its own size, however the disk is. */
function sinceIts(block: BlockedDatabase | undefined, space: DiskSpace, now: number): DatabaseGrowth["sinceBlock"] {
  if (block?.freeBytes === undefined || !isForDisk(block)) return undefined;
  return { ms: now - Date.parse(block.since), freedBytes: space.freeBytes - block.freeBytes };
}

/** Room on the volume of a database server, as a program without privileges sees it. */
export interface DiskSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** A database on that server, with how much of the volume it takes. */
export interface DatabaseGrowth {
  readonly name: string;
  readonly bytes: number;
  /** From one look to the next, as an average of the last few: InnoDB lengthens files by leaps. 0 when there was none. */
  readonly grewBytes: number;
  /** What its tenant's profile gives it; null: no bound of its own. */
  readonly limitBytes: number | null;
  /** It may not write now. */
  readonly blocked: boolean;
  /** Of one that is blocked because of the disk: the time since then, and how much more room there is than there was. Undefined: not known. */
  readonly sinceBlock?: { readonly ms: number; readonly freedBytes: number } | undefined;
}

/** What a look saw. */
export interface DiskSight {
  readonly space: DiskSpace;
  /** By how much the free space fell since the last look; below 0: it rose; 0 when there was none. */
  readonly fellBytes: number;
  readonly databases: readonly DatabaseGrowth[];
}

/** `acting`: who fills it is blocked. `critical`: nobody writes any more, since the server would die and take everybody down. */
export type DiskLevel = "fine" | "warning" | "acting" | "critical";

/** Why a database is blocked. */
export type BlockReason = "grew-fastest" | "above-its-profile" | "no-room-for-anybody";

/** What is to be done. */
export interface DiskDecision {
  readonly level: DiskLevel;
  readonly block: readonly { readonly name: string; readonly because: BlockReason }[];
  readonly giveBack: readonly string[];
}

const MIB = 1024 ** 2;
/** Percents are of this at most: 5 % of a terabyte is room for months, and a machine whose disk is well used must not have its sites stopped. */
const COUNTED_BYTES = 80 * 1024 * MIB;
/** From here on it matters who grows. */
const MEASURE_PERCENT = 80;
const WARN_PERCENT = 85;
const ACT_PERCENT = 95;
/** Below `WARN_PERCENT` would leave a tenant blocked on a disk that is simply well used; above, writing starts and stops every minute. */
const GIVE_BACK_PERCENT = 90;
/** InnoDB dies when it meets the wall in a rollback (reliability M7): this much stays for undo, the log and the binlog of those who free space. */
const RESERVE_BYTES = 128 * MIB;
/** A small volume can't keep so much: it gives up a quarter at most. */
const RESERVE_SHARE = 0.25;
/** A tenant above its profile writes again when it is that far below. */
const LIMIT_AIR = 0.95;
/**
 * Who is stopped for its speed leaves room that would be enough for a slower one: without this it wrote for a second, was stopped, and so on, its
 * sessions ended each time. So room must have been made, or this time gone by.
 */
const STAYS_BLOCKED_MS = 60_000;
/** So many looks of the same speed must still fit above the reserve: what runs is ended only after the decision. */
const LOOKS_AHEAD = 2;
/** Who would use up the rest in so many looks is blocked though another one is already. */
const LOOKS_LEFT = 30;
/** Growth in a look that is worth blocking somebody for while there still is room. */
const NOTICED_BYTES = MIB / 4;

/** Free space below which writing is stopped. */
export function diskReserve(totalBytes: number): number {
  return Math.min(RESERVE_BYTES, totalBytes * RESERVE_SHARE);
}

/**
 * Who may not write any more, and who may again. A tenant that is within its profile and does not grow is blocked only when there is no room
 * left for anybody. Decides from what is there now: after a crash the next look comes to the same.
 */
export function decideDiskGuard({ space, fellBytes, databases }: DiskSight): DiskDecision {
  const level = levelOf(space, fellBytes);
  const open = databases.filter(({ blocked }) => !blocked);
  const above = open.filter(({ bytes, limitBytes }) => limitBytes !== null && bytes > limitBytes).map(because("above-its-profile"));
  if (level === "critical") return { level, block: open.map(because("no-room-for-anybody")), giveBack: [] };
  if (level === "acting")
    return { level, block: above.length > 0 ? above : filling(space, databases).map(because("grew-fastest")), giveBack: [] };
  return { level, block: above, giveBack: hasRoomAgain(space, fellBytes) ? givenBack(databases, diskReserve(space.totalBytes) / 8) : [] };
}

function because(reason: BlockReason) {
  return ({ name }: DatabaseGrowth): DiskDecision["block"][number] => ({ name, because: reason });
}

/**
 * The one that grows most, when that is what fills the disk; none when nobody grows: then files beside the databases do. Once one is blocked
 * the others go on, at their own speed, unless there soon is no room: who writes a little must not pay for who wrote much.
 */
function filling(space: DiskSpace, databases: readonly DatabaseGrowth[]): DatabaseGrowth[] {
  const [first] = databases
    .filter(({ blocked, grewBytes }) => !blocked && grewBytes > 0)
    .sort((a, b) => b.grewBytes - a.grewBytes || b.bytes - a.bytes);
  if (first === undefined) return [];
  const reserve = diskReserve(space.totalBytes);
  const isFirst = !databases.some(({ blocked }) => blocked) && first.grewBytes >= NOTICED_BYTES;
  const fillsSoon = space.freeBytes - LOOKS_LEFT * first.grewBytes < reserve / 2;
  return isFirst || fillsSoon || space.freeBytes < 0.75 * reserve ? [first] : [];
}

function levelOf(space: DiskSpace, fellBytes: number): DiskLevel {
  const reserve = diskReserve(space.totalBytes);
  const soonFree = space.freeBytes - LOOKS_AHEAD * Math.max(0, fellBytes);
  if (space.freeBytes < reserve / 2) return "critical";
  if (fullness(space) >= ACT_PERCENT || soonFree < reserve) return "acting";
  return fullness(space) >= WARN_PERCENT ? "warning" : "fine";
}

/** Percents that decisions are made by. */
function fullness({ totalBytes, freeBytes }: DiskSpace): number {
  return Math.max(0, usedPercent({ totalBytes: Math.min(totalBytes, COUNTED_BYTES), freeBytes }));
}

/** Nothing about the disk asks for more than a glance: it has room, or is as it was said to be, nobody takes any of it, and nobody is blocked because of it. */
export function isQuietDisk(
  space: DiskSpace,
  fellBytes: number,
  former: { readonly level: DiskLevel; readonly anyBlocked: boolean },
): boolean {
  const level = levelOf(space, fellBytes);
  const same = level === former.level && (level === "fine" || level === "warning") && !former.anyBlocked;
  return same && (fullness(space) < MEASURE_PERCENT || fellBytes < NOTICED_BYTES);
}

/** As `df` says it. */
export function usedPercent({ totalBytes, freeBytes }: DiskSpace): number {
  return totalBytes === 0 ? 0 : ((totalBytes - freeBytes) / totalBytes) * 100;
}

/** With air: who writes again shall not be blocked at the next look. */
function hasRoomAgain(space: DiskSpace, fellBytes: number): boolean {
  return (
    fullness(space) < GIVE_BACK_PERCENT && space.freeBytes - LOOKS_AHEAD * Math.max(0, fellBytes) > 1.5 * diskReserve(space.totalBytes)
  );
}

/** Of those that are within their profile. A clock that was set back must not keep one blocked, so time counts either way. */
function givenBack(databases: readonly DatabaseGrowth[], enoughBytes: number): string[] {
  const isOver = ({ sinceBlock }: DatabaseGrowth): boolean =>
    sinceBlock === undefined || sinceBlock.freedBytes >= enoughBytes || Math.abs(sinceBlock.ms) >= STAYS_BLOCKED_MS;
  return databases
    .filter((one) => one.blocked && isOver(one) && (one.limitBytes === null || one.bytes <= LIMIT_AIR * one.limitBytes))
    .map(({ name }) => name)
    .sort();
}

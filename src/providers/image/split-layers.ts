import type { SiteEntry } from "./site-tree.ts";

/** How big the layers of a tree may get. */
export interface SplitLimits {
  /** Bytes of one layer, where directories and files allow it. */
  readonly target: number;
  /** Layers at most; a big tree gets bigger ones. */
  readonly most: number;
  /** Files that an entry becomes in its layer; 1 when left out. */
  readonly filesOf?: (entry: SiteEntry) => number;
}

/** What a file costs beyond its bytes when it is read, packed and unpacked, expressed in bytes. */
const PER_FILE = 8 * 1024;

/**
 * Splits a tree into groups of neighbours, so that a change of one file rewrites one group. Depends on names and sizes only: no history,
 * no other site. A directory stays whole when it fits; a bigger one is split by what is in it. Every entry is in one group, in the tree's order.
 */
export function splitLayers(entries: readonly SiteEntry[], limits: SplitLimits): readonly (readonly SiteEntry[])[] {
  const children = new Map<string, SiteEntry[]>();
  const directories = new Set(entries.filter((entry) => entry.type === "directory").map((entry) => entry.path));
  for (const entry of entries) {
    const end = entry.path.lastIndexOf("/");
    const above = end === -1 ? "" : entry.path.slice(0, end);
    const parent = directories.has(above) ? above : ""; // a directory may be among the dependencies, and a file in it not
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [entry]);
    else siblings.push(entry);
  }
  const whole = unitOf(children.get("") ?? [], children, limits.filesOf ?? (() => 1));
  for (let target = limits.target; ; target *= GROWTH) {
    const groups = merged(split(whole, target), target);
    if (groups.length <= limits.most) return groups;
  }
}

/** How much bigger layers get until there are few enough. */
const GROWTH = 1.25;

/** Entries that stay together, unless they are too big. */
interface Unit {
  readonly entries: readonly SiteEntry[];
  readonly weight: number;
  readonly parts: readonly Unit[];
}

function unitOf(
  siblings: readonly SiteEntry[],
  children: ReadonlyMap<string, readonly SiteEntry[]>,
  filesOf: (entry: SiteEntry) => number,
): Unit {
  const parts = siblings.map((entry): Unit => {
    const own: Unit = { entries: [entry], weight: PER_FILE * filesOf(entry) + (entry.type === "file" ? entry.size : 0), parts: [] };
    if (entry.type !== "directory") return own;
    const below = unitOf(children.get(entry.path) ?? [], children, filesOf);
    return { entries: [entry, ...below.entries], weight: own.weight + below.weight, parts: [own, ...below.parts] };
  });
  return { entries: parts.flatMap((part) => part.entries), weight: parts.reduce((sum, part) => sum + part.weight, 0), parts };
}

function split(unit: Unit, target: number): readonly Unit[] {
  if (unit.weight <= target || unit.parts.length === 0) return [unit];
  return unit.parts.flatMap((part) => split(part, target));
}

function merged(units: readonly Unit[], target: number): readonly (readonly SiteEntry[])[] {
  const groups: SiteEntry[][] = [];
  let weight = Number.POSITIVE_INFINITY;
  for (const unit of units) {
    if (unit.entries.length === 0) continue;
    if (weight + unit.weight > target) {
      groups.push([]);
      weight = 0;
    }
    groups.at(-1)?.push(...unit.entries);
    weight += unit.weight;
  }
  return groups;
}

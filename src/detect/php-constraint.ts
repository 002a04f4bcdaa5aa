/** Versions from `min` (inclusive) to `max` (exclusive), each as major * 1e6 + minor * 1e3 + patch. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

const top = Number.POSITIVE_INFINITY;
const everything: VersionRange = { min: 0, max: top };

function number(parts: readonly (number | undefined)[]): number {
  return (parts[0] ?? 0) * 1_000_000 + (parts[1] ?? 0) * 1_000 + (parts[2] ?? 0);
}

/** `8.2` as a range: all its patch releases. */
export function minorRange(version: string): VersionRange {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return { min: number([major, minor]), max: number([major, minor + 1]) };
}

/** A version such as `7.2.5` as a number that compares; undefined when it is none. */
export function versionNumber(version: string): number | undefined {
  const parts = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version.trim());
  return parts === null ? undefined : number(parts.slice(1).map((part) => (part === undefined ? undefined : Number(part))));
}

function intersect(a: VersionRange, b: VersionRange): VersionRange {
  return { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };
}

/** One bound: `>=7.2`, `^8.1`, `~8.1.0`, `8.*`, `7.4`. Undefined when it can't be read. */
function bound(text: string): VersionRange | undefined {
  const found = /^(\^|~|>=|<=|>|<|!=|==|=)?\s*v?(\d+|\*|x)(?:\.(\d+|\*|x))?(?:\.(\d+|\*|x))?(?:\.(?:\d+|\*|x))?(?:[-@][\w.]+)?$/i.exec(
    text,
  );
  if (found === null) return text === "*" || text === "" ? everything : undefined;
  const parts = found.slice(2, 5).map((part) => (part === undefined || /[*x]/i.test(part) ? undefined : Number(part)));
  const given = parts.findIndex((part) => part === undefined);
  const count = given === -1 ? 3 : given;
  if (count === 0) return everything;
  const low = number(parts);
  const next = (index: number): number => number(parts.map((part, at) => (at < index ? part : at === index ? (part ?? 0) + 1 : 0)));
  switch (found[1]) {
    case "^":
      return { min: low, max: next(0) };
    case "~":
      return { min: low, max: next(Math.max(0, count - 2)) };
    case ">=":
      return { min: low, max: top };
    case ">":
      return { min: count === 3 ? low + 1 : next(count - 1), max: top };
    case "<":
      return { min: 0, max: low };
    case "<=":
      return { min: 0, max: count === 3 ? low + 1 : next(count - 1) };
    case "!=":
      return everything;
    default:
      return { min: low, max: count === 3 ? low + 1 : next(count - 1) };
  }
}

/** All bounds of one alternative, which hold together: `>=7.2 <8.3`, `7.2 - 8.1`. */
function conjunction(text: string): VersionRange | undefined {
  const hyphen = /^(\S+)\s+-\s+(\S+)$/.exec(text.trim());
  const words =
    hyphen === null
      ? text
          .trim()
          .replaceAll(/([<>=^~!])\s+/g, "$1")
          .split(/[\s,]+/)
      : [`>=${hyphen[1] ?? ""}`, `<=${hyphen[2] ?? ""}`];
  let range: VersionRange = everything;
  for (const each of words.filter((candidate) => candidate !== "")) {
    const one = bound(each);
    if (one === undefined) return undefined;
    range = intersect(range, one);
  }
  return range;
}

/**
 * Reads a composer version constraint (`^7.4 || ^8.0`, `>=7.2.5,<8.3`, `~8.1.0`, `8.*`, `7.2 - 8.1`) into the ranges it allows.
 * Undefined when it can't be read: then it decides nothing.
 */
export function parseConstraint(constraint: string): VersionRange[] | undefined {
  if (constraint.length > 500) return undefined;
  const ranges = constraint.split(/\|\|?/).map(conjunction);
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

/** True when any patch release of `version` (such as `8.2`) fits; a constraint that can't be read allows everything. */
export function allows(constraint: string, version: string): boolean {
  const ranges = parseConstraint(constraint);
  if (ranges === undefined) return true;
  const wanted = minorRange(version);
  return ranges.some((range) => Math.max(range.min, wanted.min) < Math.min(range.max, wanted.max));
}

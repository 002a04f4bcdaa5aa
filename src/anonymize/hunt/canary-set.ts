import { type CanaryForm, canaryForms } from "./canary-forms.ts";

/** A canary that was found: which one, never what. */
export interface CanaryHit {
  /** Its number among those that were given. */
  readonly canary: number;
  readonly form: CanaryForm["form"];
  /** In the file, of its first byte. */
  readonly at: number;
}

/** Searches one file, chunk by chunk, with the memory of one chunk. */
export interface CanaryScan {
  push(chunk: Uint8Array): void;
  /** At most a hundred; the count is of all. */
  hits(): readonly CanaryHit[];
  count(): number;
}

/** Real values that must be nowhere in a dataset, ready to be searched for all at once. */
export interface CanarySet {
  readonly size: number;
  scan(): CanaryScan;
  /** Whether a value holds one. */
  hits(value: Uint8Array): boolean;
}

const BLOCK = 3;
/** So many bytes of each value are looked up before it is compared. */
const WINDOW = 8;
const BITS = 20;
const MASK = (1 << BITS) - 1;
const KEPT = 100;

/** Capitals as small letters, byte by byte: canaries are found in whatever case. */
const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte));

interface Pattern {
  readonly canary: number;
  readonly form: CanaryForm["form"];
  readonly bytes: Uint8Array;
}

/**
 * Searches for thousands of values at once as Wu and Manber do: three bytes at a time are looked up in a table that says how far one may jump, and only
 * where it says nothing are the values themselves compared. It reads some hundred megabytes a second, whatever the number of values.
 */
export function canarySet(values: readonly string[]): CanarySet {
  const patterns = values.flatMap((value, canary) =>
    canaryForms(value).map(({ form, bytes }): Pattern => ({ canary, form, bytes: Uint8Array.from(bytes, (byte) => FOLD[byte] ?? 0) })),
  );
  const tables = patterns.length === 0 ? undefined : tablesOf(patterns);
  const longest = Math.max(0, ...patterns.map(({ bytes }) => bytes.length));
  return {
    size: values.length,
    scan: () => scanOf(tables, longest),
    hits(value) {
      let hit = false;
      if (tables !== undefined) search(tables, value, () => (hit = true));
      return hit;
    },
  };
}

interface Tables {
  /** So many bytes of every pattern are looked at first. */
  readonly window: number;
  readonly shift: Uint8Array;
  /** By a hash of the whole window: many values share three bytes, few share eight. */
  readonly byWindow: ReadonlyMap<number, readonly Pattern[]>;
}

function hashOf(a: number, b: number, c: number): number {
  return ((a << 12) ^ (b << 6) ^ c ^ (a << 3)) & MASK;
}

function blockAt(bytes: Uint8Array, at: number): number {
  return hashOf(bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0);
}

function windowHash(bytes: Uint8Array, from: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let index = from; index < from + length; index += 1) hash = Math.imul(hash ^ (FOLD[bytes[index] ?? 0] ?? 0), 0x01000193);
  return hash;
}

function tablesOf(patterns: readonly Pattern[]): Tables {
  const window = Math.min(WINDOW, ...patterns.map(({ bytes }) => bytes.length));
  const shift = new Uint8Array(1 << BITS).fill(window - BLOCK + 1);
  for (const { bytes } of patterns) {
    for (let at = 0; at <= window - BLOCK; at += 1) {
      const block = blockAt(bytes, at);
      shift[block] = Math.min(shift[block] ?? 0, window - BLOCK - at);
    }
  }
  return { window, shift, byWindow: Map.groupBy(patterns, ({ bytes }) => windowHash(bytes, 0, window)) };
}

function search({ window, shift, byWindow }: Tables, bytes: Uint8Array, hit: (pattern: Pattern, at: number) => void): void {
  const fold = FOLD;
  const back = window - BLOCK;
  const end = bytes.length - BLOCK;
  for (let at = back; at <= end; ) {
    const block = hashOf(fold[bytes[at] ?? 0] ?? 0, fold[bytes[at + 1] ?? 0] ?? 0, fold[bytes[at + 2] ?? 0] ?? 0);
    const jump = shift[block] ?? 0;
    if (jump > 0) {
      at += jump;
      continue;
    }
    const start = at - back;
    for (const pattern of byWindow.get(windowHash(bytes, start, window)) ?? [])
      if (standsAt(pattern.bytes, bytes, start)) hit(pattern, start);
    at += 1;
  }
}

function standsAt(pattern: Uint8Array, bytes: Uint8Array, start: number): boolean {
  if (start + pattern.length > bytes.length) return false;
  for (let index = 0; index < pattern.length; index += 1) if (FOLD[bytes[start + index] ?? 0] !== pattern[index]) return false;
  return true;
}

function scanOf(tables: Tables | undefined, longest: number): CanaryScan {
  const hits: CanaryHit[] = [];
  let count = 0;
  let rest: Uint8Array = new Uint8Array(0);
  let before = 0;
  return {
    push(chunk) {
      if (tables === undefined) return;
      // What lies across two chunks is searched with the second; what lay in the first alone was counted there.
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const seen = rest.length;
      search(tables, bytes, ({ canary, form, bytes: pattern }, at) => {
        if (at + pattern.length <= seen) return;
        count += 1;
        if (hits.length < KEPT) hits.push({ canary, form, at: before + at });
      });
      const keep = Math.min(bytes.length, longest - 1);
      before += bytes.length - keep;
      rest = bytes.slice(bytes.length - keep);
    },
    hits: () => hits,
    count: () => count,
  };
}

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
  readonly byBlock: ReadonlyMap<number, readonly Pattern[]>;
}

function hashOf(a: number, b: number, c: number): number {
  return ((a << 12) ^ (b << 6) ^ c ^ (a << 3)) & MASK;
}

function blockAt(bytes: Uint8Array, at: number): number {
  return hashOf(bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0);
}

function tablesOf(patterns: readonly Pattern[]): Tables {
  const window = Math.min(...patterns.map(({ bytes }) => bytes.length));
  const shift = new Uint8Array(1 << BITS).fill(Math.min(255, window - BLOCK + 1));
  const byBlock = new Map<number, Pattern[]>();
  for (const pattern of patterns) {
    for (let at = 0; at <= window - BLOCK; at += 1) {
      const block = blockAt(pattern.bytes, at);
      shift[block] = Math.min(shift[block] ?? 0, window - BLOCK - at);
    }
    const last = blockAt(pattern.bytes, window - BLOCK);
    const same = byBlock.get(last);
    if (same === undefined) byBlock.set(last, [pattern]);
    else same.push(pattern);
  }
  return { window, shift, byBlock };
}

function search({ window, shift, byBlock }: Tables, bytes: Uint8Array, hit: (pattern: Pattern, at: number) => void): void {
  const fold = FOLD;
  const end = bytes.length - BLOCK;
  for (let at = window - BLOCK; at <= end; ) {
    const block = hashOf(fold[bytes[at] ?? 0] ?? 0, fold[bytes[at + 1] ?? 0] ?? 0, fold[bytes[at + 2] ?? 0] ?? 0);
    const jump = shift[block] ?? 0;
    if (jump > 0) {
      at += jump;
      continue;
    }
    const start = at - (window - BLOCK);
    for (const pattern of byBlock.get(block) ?? []) if (standsAt(pattern.bytes, bytes, start)) hit(pattern, start);
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

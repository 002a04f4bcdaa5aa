import type { Clock } from "../../kernel/clock.ts";

/** What a server holds of a load, read when all is over. */
export interface StoredWrites {
  readonly rows: readonly { readonly client: number; readonly n: number }[];
  readonly counts: readonly { readonly client: number; readonly n: number }[];
}

/** What became of what was acknowledged. */
export interface WriteVerdict {
  readonly acknowledged: number;
  /** Acknowledged, and not there. */
  readonly lost: number;
  /** Applied more often than it was sent. */
  readonly doubled: number;
}

/** What the clients of a load saw: what was acknowledged and when, and what failed. */
export class WriteJournal {
  readonly #clock: Pick<Clock, "now">;
  readonly #rows = new Map<number, Set<number>>();
  readonly #counts = new Map<number, { sent: number; acknowledged: number }>();
  readonly #times: number[] = [];
  readonly #errors: { readonly at: number; readonly code: string }[] = [];

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  sent(client: number, what: "row" | "count"): void {
    if (what === "count") this.#countOf(client).sent += 1;
  }

  row(client: number, n: number): void {
    const rows = this.#rows.get(client) ?? new Set<number>();
    this.#rows.set(client, rows.add(n));
    this.#times.push(this.#clock.now());
  }

  count(client: number): void {
    this.#countOf(client).acknowledged += 1;
    this.#times.push(this.#clock.now());
  }

  failed(error: unknown): void {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
    this.#errors.push({ at: this.#clock.now(), code: String(code ?? message ?? error).slice(0, 80) });
  }

  /** How many writes were acknowledged from this moment on. */
  acknowledgedSince(from: number): number {
    let count = 0;
    for (let at = this.#times.length - 1; at >= 0 && (this.#times[at] ?? 0) >= from; at -= 1) count += 1;
    return count;
  }

  /** Errors between two moments, by their codes. */
  errorsBetween(from: number, to: number): Readonly<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const { at, code } of this.#errors) if (at >= from && at <= to) found[code] = (found[code] ?? 0) + 1;
    return found;
  }

  /** The longest time without an acknowledged write between two moments, which count as such. */
  longestGap(from: number, to: number): number {
    let longest = 0;
    let last = from;
    for (const at of this.#times) {
      if (at < from || at > to) continue;
      longest = Math.max(longest, at - last);
      last = at;
    }
    return Math.max(longest, to - last);
  }

  /**
   * Compares with what the server holds. A write that ended with an error may be there or not; a counter may be ahead of what was
   * acknowledged by as many as were sent, and one that is further ahead was counted twice.
   */
  judge(stored: StoredWrites): WriteVerdict {
    const there = new Set(stored.rows.map(({ client, n }) => `${client}/${n}`));
    const counters = new Map(stored.counts.map(({ client, n }) => [client, n]));
    let acknowledged = 0;
    let lost = 0;
    let doubled = 0;
    for (const [client, numbers] of this.#rows) {
      acknowledged += numbers.size;
      for (const n of numbers) if (!there.has(`${client}/${n}`)) lost += 1;
    }
    for (const [client, count] of this.#counts) {
      const found = counters.get(client) ?? 0;
      acknowledged += count.acknowledged;
      lost += Math.max(0, count.acknowledged - found);
      doubled += Math.max(0, found - count.sent);
    }
    return { acknowledged, lost, doubled };
  }

  #countOf(client: number): { sent: number; acknowledged: number } {
    const found = this.#counts.get(client) ?? { sent: 0, acknowledged: 0 };
    this.#counts.set(client, found);
    return found;
  }
}

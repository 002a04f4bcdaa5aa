import { SuccessJournal } from "./success-journal.ts";

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

/** What the clients of a load saw: what was acknowledged, and what only was sent. */
export class WriteJournal extends SuccessJournal {
  readonly #rows = new Map<number, Set<number>>();
  readonly #counts = new Map<number, { sent: number; acknowledged: number }>();

  sent(client: number, what: "row" | "count"): void {
    if (what === "count") this.#countOf(client).sent += 1;
  }

  row(client: number, n: number): void {
    const rows = this.#rows.get(client) ?? new Set<number>();
    this.#rows.set(client, rows.add(n));
    this.succeeded();
  }

  count(client: number): void {
    this.#countOf(client).acknowledged += 1;
    this.succeeded();
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

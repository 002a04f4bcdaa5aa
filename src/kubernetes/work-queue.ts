import type { Clock } from "../kernel/clock.ts";

/** When a key is to be looked at again after its work: when something changes, after a failure's backoff, or after a time. */
export type Again = "on-change" | "with-backoff" | { readonly afterMs: number };

/** What a queue does. */
export interface WorkQueueOptions {
  /** One look at a key, level-based: it reads what is true now. What it throws counts as `with-backoff`. */
  readonly work: (key: string, signal: AbortSignal) => Promise<Again>;
  readonly workers: number;
  readonly clock: Clock;
  /** From 0 to 1: spreads keys that failed together. */
  readonly random: () => number;
  /** Told of each throw; the key is tried again in any case. */
  readonly failed?: (key: string, error: unknown, waitMs: number) => void;
  /** Milliseconds of the first and the longest backoff of a key; default 500 and 60,000. */
  readonly backoff?: { readonly firstMs: number; readonly longestMs: number };
}

/** A key that fails is not looked at again sooner, however often it is said to have changed. */
const FAILING_EVERY_MS = 1000;

/** This worker takes what is due by the clock first, so that many changes don't put it off for ever. */
const PATIENT_WORKER = 1;

/**
 * Keys that wait for work. One worker at a time has a key; a key that is added while it is worked on is worked on once more afterwards; a key
 * that is added ten times is worked on once. Keys that fail come back later and later, each by its own count. What changed goes before what is
 * only due by the clock: a person's change does not wait until a thousand objects were looked at again.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** In the order of their adding: what changed. */
  readonly #ready = new Set<string>();
  /** In the order in which they came due: what is looked at again though nobody said that it changed. */
  readonly #timed = new Set<string>();
  /** Due by the clock, milliseconds since the epoch. */
  readonly #waiting = new Map<string, number>();
  readonly #running = new Set<string>();
  /** Added while being worked on. */
  readonly #dirty = new Set<string>();
  readonly #failing = new Map<string, { readonly count: number; readonly at: number }>();
  #wake = Promise.withResolvers<void>();

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** How many keys are due, wait for a time, and are worked on: for metrics. */
  get depth(): { readonly ready: number; readonly waiting: number; readonly running: number } {
    return { ready: this.#ready.size + this.#timed.size, waiting: this.#waiting.size, running: this.#running.size };
  }

  /** Has a key worked on soon: at once, or after a second when it failed a moment ago. */
  add(key: string): void {
    if (this.#running.has(key)) {
      this.#dirty.add(key);
      return;
    }
    const failing = this.#failing.get(key);
    const left = failing === undefined ? 0 : Math.min(FAILING_EVERY_MS, failing.at + FAILING_EVERY_MS - this.#options.clock.now());
    if (left > 0) this.addAfter(key, left);
    else {
      this.#waiting.delete(key);
      this.#timed.delete(key);
      this.#ready.add(key);
      this.#stir();
    }
  }

  /** Has a key worked on after a time, or earlier where it is due earlier; after those that were added. */
  addAfter(key: string, ms: number): void {
    const at = this.#options.clock.now() + ms;
    if (this.#ready.has(key) || this.#timed.has(key) || (this.#waiting.get(key) ?? Infinity) <= at) return;
    this.#waiting.set(key, at);
    this.#stir();
  }

  /** What waits after failures is tried again within so many milliseconds, spread over them: the reason of many failures is gone. */
  hurry(withinMs: number): void {
    for (const key of this.#failing.keys()) if (!this.#running.has(key)) this.addAfter(key, this.#options.random() * withinMs);
  }

  /** Works until the signal, then waits for the work that is under way (which gets the signal, too). */
  async run(signal: AbortSignal): Promise<void> {
    const stir = (): void => {
      this.#stir();
    };
    signal.addEventListener("abort", stir, { once: true });
    const orders = [this.#ready, this.#timed];
    const workers = Array.from({ length: this.#options.workers }, (_, index) =>
      this.#worker(index === PATIENT_WORKER ? orders.toReversed() : orders, signal),
    );
    await Promise.all([this.#alarm(signal), ...workers]);
    signal.removeEventListener("abort", stir);
  }

  async #worker(queues: readonly Set<string>[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const queue = queues.find(({ size }) => size > 0);
      const [key] = queue ?? [];
      if (key === undefined) {
        await this.#wake.promise;
        continue;
      }
      queue?.delete(key);
      this.#running.add(key);
      const again = await this.#look(key, signal);
      this.#running.delete(key);
      if (again !== undefined) this.addAfter(key, again);
      if (this.#dirty.delete(key)) this.add(key);
    }
  }

  /** Answers the milliseconds until the key is due by itself; undefined: only when something changes. */
  async #look(key: string, signal: AbortSignal): Promise<number | undefined> {
    const { work, clock, random, failed, backoff = { firstMs: 500, longestMs: 60_000 } } = this.#options;
    let again: Again = "with-backoff";
    let error: unknown;
    let threw = false;
    try {
      again = await work(key, signal);
    } catch (thrown) {
      if (signal.aborted) return undefined;
      threw = true;
      error = thrown;
    }
    if (again !== "with-backoff") {
      this.#failing.delete(key);
      return again === "on-change" ? undefined : again.afterMs;
    }
    const count = (this.#failing.get(key)?.count ?? 0) + 1;
    this.#failing.set(key, { count, at: clock.now() });
    const waitMs = Math.min(backoff.longestMs, backoff.firstMs * 2 ** Math.min(count - 1, 20)) * (0.5 + random() / 2);
    if (threw) failed?.(key, error, waitMs);
    return waitMs;
  }

  /** Makes keys ready whose time has come. */
  async #alarm(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const now = clock.now();
      let next = Infinity;
      for (const [key, at] of this.#waiting) {
        if (at <= now) this.#due(key);
        else next = Math.min(next, at);
      }
      const stirred = this.#wake.promise;
      if (next === Infinity) await stirred;
      else {
        const over = new AbortController();
        // a minute at most: clocks are set back
        await Promise.race([clock.sleep(Math.min(next - now, 60_000), over.signal).catch(() => {}), stirred]);
        over.abort();
      }
    }
  }

  #due(key: string): void {
    this.#waiting.delete(key);
    if (this.#running.has(key)) this.#dirty.add(key);
    else if (!this.#ready.has(key)) this.#timed.add(key);
    this.#stir();
  }

  /** Whoever waits looks again. */
  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

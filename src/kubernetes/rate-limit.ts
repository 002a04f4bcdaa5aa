import type { Clock } from "../kernel/clock.ts";

/** How often an API server is asked at most. */
export interface RateLimitOptions {
  readonly perSecond: number;
  /** Requests at once after a quiet time. */
  readonly burst: number;
  readonly clock: Clock;
}

/** After trouble, so long without any before bursts are allowed again, in milliseconds. */
const CALM_MS = 10_000;

/**
 * A token bucket in front of an API server; requests wait in the order in which they came. After trouble (`trouble`: unreachable, 429, 503)
 * there are no bursts until ten calm seconds have passed: a server that comes back is asked at the steady rate, however much waits for it.
 */
export class RateLimit {
  readonly #options: RateLimitOptions;
  #tokens: number;
  #at: number;
  #troubled = -Infinity;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: RateLimitOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#at = options.clock.now();
  }

  /** Resolves when a request may be sent. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<void> {
    const before = this.#queue;
    const turn = before.then(() => this.#wait(signal));
    this.#queue = turn.catch(() => {});
    await turn;
  }

  /** A request failed in a way that says: the server is away, or has too much to do. */
  trouble(): void {
    this.#fill();
    this.#troubled = this.#options.clock.now();
    this.#tokens = Math.min(this.#tokens, 0);
  }

  async #wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#fill();
    if (this.#tokens < 1) {
      await this.#options.clock.sleep(Math.ceil(((1 - this.#tokens) * 1000) / this.#options.perSecond), signal);
      this.#fill();
    }
    this.#tokens = Math.max(0, this.#tokens - 1);
  }

  #fill(): void {
    const { clock, perSecond, burst } = this.#options;
    const now = clock.now();
    const most = now - this.#troubled < CALM_MS ? 1 : burst;
    const passed = Math.max(0, now - this.#at); // clocks are set back
    this.#tokens = Math.min(most, this.#tokens + (passed * perSecond) / 1000);
    this.#at = now;
  }
}

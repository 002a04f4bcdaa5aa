import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";

/** When a load succeeded and when it failed. */
export class SuccessJournal {
  readonly #clock: Pick<Clock, "now">;
  readonly #times: number[] = [];
  readonly #errors: { readonly at: number; readonly code: string }[] = [];

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  succeeded(): void {
    this.#times.push(this.#clock.now());
  }

  failed(error: unknown): void {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
    const said = error instanceof HowdahError ? error.code : (code ?? message ?? error);
    this.#errors.push({ at: this.#clock.now(), code: String(said).slice(0, 80) });
  }

  get successes(): number {
    return this.#times.length;
  }

  /** How often it succeeded from this moment on. */
  successesSince(from: number): number {
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

  /** The longest time without success between two moments, which count as such. */
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
}

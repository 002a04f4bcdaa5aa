import { setTimeout as sleep } from "node:timers/promises";

type GetPage = (path: string) => Promise<{ readonly status: number; readonly body: string }>;

/** Visitors of a site whose page `/write.php?id=N` writes a row and says so when it is acknowledged (acknowledged-writer.ts). Each id is tried once. */
export class VisitorsThatWrite {
  readonly acknowledged = new Set<number>();
  readonly #get: GetPage;
  readonly #end = new AbortController();
  readonly #failures = new Map<string, number>();
  readonly #work: readonly Promise<void>[];
  #next = 1;
  #last = performance.now();
  #silence = 0;
  #slowest = 0;

  constructor(get: GetPage, visitors = 4) {
    this.#get = get;
    this.#work = Array.from({ length: visitors }, () => this.#visit());
  }

  async #visit(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const id = this.#next++;
      const began = performance.now();
      const answer = await this.#get(`/write.php?id=${String(id)}`).catch((error: unknown) => ({ status: 0, body: String(error) }));
      const now = performance.now();
      this.#slowest = Math.max(this.#slowest, now - began);
      if (answer.status === 200 && answer.body === `acknowledged ${String(id)}`) {
        this.#silence = Math.max(this.#silence, now - this.#last);
        this.#last = now;
        this.acknowledged.add(id);
      } else {
        const words = `${String(answer.status)} ${answer.body.trim().slice(0, 80)}`;
        this.#failures.set(words, (this.#failures.get(words) ?? 0) + 1);
      }
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#work);
  }

  /** What they saw, in one line. */
  words(): string {
    const failures = [...this.#failures].map(([words, times]) => `${String(times)} × ${words}`).join("; ");
    const ms = (value: number): string => `${String(Math.round(value))} ms`;
    return `${String(this.acknowledged.size)} written, longest silence ${ms(this.#silence)}, slowest answer ${ms(this.#slowest)}, failed: ${failures || "none"}`;
  }
}

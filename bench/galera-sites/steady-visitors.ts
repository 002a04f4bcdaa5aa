import { setTimeout as sleep } from "node:timers/promises";
import type { LoadedSite } from "./loaded-site.ts";
import type { Sample } from "./samples.ts";

/** Pages and writes a second, of each site. */
export const RATES = { read: 2, write: 1 } as const;

/**
 * Visitors who come at a steady pace and don't wait for one another, as the world does: when answers are slow there are more of them at once. Each writes a
 * title of its own, once, and remembers whether it was told that it is kept.
 */
export class SteadyVisitors {
  readonly samples: Sample[] = [];
  readonly acknowledged: string[] = [];
  readonly site: LoadedSite;
  readonly #began: number;
  readonly #end = new AbortController();
  readonly #open = new Set<Promise<void>>();
  readonly #work: readonly Promise<void>[];

  /** `began`: of the clock of all sites (`performance.now()`). */
  constructor(site: LoadedSite, began: number) {
    this.site = site;
    this.#began = began;
    const write = async (number: number): Promise<void> => {
      const title = `Load ${String(number).padStart(5, "0")}`;
      await site.write(title);
      this.acknowledged.push(title);
    };
    this.#work = [this.#come("read", (number) => site.read(number)), this.#come("write", write)];
  }

  async #come(what: "read" | "write", visit: (number: number) => Promise<void>): Promise<void> {
    const begin = performance.now();
    for (let number = 1; !this.#end.signal.aborted; number++) {
      const visiting = this.#visit(what, visit(number));
      this.#open.add(visiting);
      void visiting.then(() => this.#open.delete(visiting));
      await sleep(Math.max(0, begin + (number * 1000) / RATES[what] - performance.now()));
    }
  }

  async #visit(what: string, visit: Promise<void>): Promise<void> {
    const began = performance.now();
    const failed = await visit.then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    );
    const sample = { at: began - this.#began, ms: performance.now() - began, what };
    this.samples.push(failed === undefined ? sample : { ...sample, failed });
  }

  /** Nobody comes any more; those who are there get their answer. */
  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#work);
    await Promise.all(this.#open);
  }
}

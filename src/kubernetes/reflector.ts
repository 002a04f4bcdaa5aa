import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi, ListOptions, Resource, WatchEvent } from "./kubernetes-api.ts";
import { type Indexes, keyOf, ObjectStore, type ObjectView } from "./object-store.ts";

/** What is reflected, and how. */
export interface ReflectorOptions {
  readonly api: Pick<KubernetesApi, "list" | "watch">;
  readonly resource: Resource;
  /** Which objects; default all of the cluster. */
  readonly select?: ListOptions;
  readonly indexes?: Indexes;
  /** Who changed which field is kept, too (`metadata.managedFields`, half of many objects); default: it is left out. */
  readonly withManagers?: boolean;
  readonly clock: Clock;
  /** From 0 to 1: spreads the requests of many reflectors. */
  readonly random: () => number;
  /** Told of each fault, with the milliseconds until the next try: for logs and metrics. It goes on in any case. */
  readonly trouble?: (error: HowdahError, waitMs: number) => void;
  /**
   * Milliseconds after which all is listed anew with the next watch, as if events had been lost; default 240,000. No watch goes on for more than
   * a minute beyond that, so what a broken proxy lost or swapped is put right within five minutes. `Infinity` trusts the stream.
   */
  readonly resyncMs?: number;
  /** The cluster may not know the kind, for ever: while it says so it is asked again every few minutes only. */
  readonly mayBeUnknown?: boolean;
}

/**
 * A quiet watch and a dead connection look alike. After five ticks without a word (25 to 30 s) a new watch goes on where this one was. Ticks
 * are counted, not times compared: clocks of machines are set.
 */
const TICK_MS = 5000;
const TICK_JITTER_MS = 1000;
const SILENT_TICKS = 5;
/** Seconds after which the server ends a watch, so that watches spread over the servers again: random from here to 60 more. */
const WATCH_SECONDS = 240;
const RESYNC_MS = WATCH_SECONDS * 1000;
/** Never two listings of a resource within this. */
const LIST_EVERY_MS = 1000;
/** Backoff: a server that comes back after an outage is found within ten seconds, and nobody ever gives up. */
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 10_000;
/** A kind that a cluster does not know comes by a person's hand: within so long it is seen. */
const UNKNOWN_MS = 240_000;

/**
 * Keeps a store like the API server's objects of one resource. It lists by WatchList (or in pages, where the server knows none), watches,
 * and whatever goes wrong (410, 500, resets, silence, events lost in a gap) tries again for ever; a listing puts right what was missed.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #store: ObjectStore;
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #watchList = true;
  /** Where the next watch goes on; undefined: list first. Opaque. */
  #from: string | undefined;
  #listedAt = -Infinity;
  #heardAt = -Infinity;
  readonly #heardAgain = new Set<() => void>();
  #failures = 0;
  #isUnknown = false;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#store = new ObjectStore(options.indexes, options.withManagers);
  }

  get objects(): ObjectView {
    return this.#store;
  }

  get resource(): Resource {
    return this.#options.resource;
  }

  /** Which objects of the resource are reflected; undefined: all of the cluster. */
  get select(): ListOptions | undefined {
    return this.#options.select;
  }

  /** True once everything was listed; it stays so, and the store stays readable, while the server is away. */
  synced(): boolean {
    return this.#isSynced;
  }

  /** Resolves with the first listing. */
  async whenSynced(): Promise<void> {
    await this.#synced.promise;
  }

  /** When the server was last heard (an event, a bookmark, a listing, an orderly end), by the clock; -Infinity: never. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** The cluster said last that it knows no such kind: there is nothing to hear. */
  get unknown(): boolean {
    return this.#isUnknown;
  }

  /** Calls a listener when the server is heard again after it was not, so that what failed meanwhile need not wait longer. Answers how to stop. */
  onHeardAgain(listener: () => void): () => void {
    this.#heardAgain.add(listener);
    return () => this.#heardAgain.delete(listener);
  }

  /** Works until the signal. Rejects only for a bug, a listener that throws for one. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await this.#once(signal);
      if (waitMs > 0) await this.#pause(waitMs, signal);
    }
  }

  /** One listing or watch to its end; answers the milliseconds to wait before the next. */
  async #once(signal: AbortSignal): Promise<number> {
    const { clock, random, trouble, resyncMs = RESYNC_MS } = this.#options;
    const began = clock.now();
    try {
      if (this.#from === undefined) {
        await this.#pause(Math.min(LIST_EVERY_MS, this.#listedAt + LIST_EVERY_MS - began), signal);
        if (signal.aborted) return 0;
        this.#listedAt = clock.now();
        if (!this.#watchList) await this.#list(signal);
      }
      const end = await this.#watch(signal);
      if (clock.now() - this.#listedAt >= resyncMs) this.#from = undefined;
      // a server that ends watches at once is not to be asked in a loop
      if (end === "silent" || clock.now() - began >= LIST_EVERY_MS) return 0;
      this.#failures += 1;
    } catch (error) {
      if (signal.aborted) return 0;
      if (!(error instanceof HowdahError)) throw error;
      if (this.#from === undefined && this.#watchList && error.code === "cluster/rejected") {
        this.#watchList = false; // Kubernetes before 1.32, or a feature that is switched off; nothing was listed
        this.#listedAt = -Infinity;
        return 0;
      }
      this.#failures += 1;
      // what can't be watched from here twice may not be watchable from here at all: a server restored from a backup
      if (error.code === "cluster/expired" || this.#failures > 1) this.#from = undefined;
      this.#isUnknown = this.#options.mayBeUnknown === true && error.code === "cluster/not-installed";
      const waitMs = this.#isUnknown ? UNKNOWN_MS * (0.5 + random() / 2) : this.#backoff(random());
      trouble?.(error, waitMs);
      return waitMs;
    }
    return this.#backoff(random());
  }

  #backoff(random: number): number {
    return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 10)) * (0.5 + random / 2);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { api, resource, select } = this.#options;
    const { items, resourceVersion } = await api.list(resource, select, signal);
    this.#take(items, resourceVersion);
  }

  #take(items: readonly KubeObject[], resourceVersion: string): void {
    this.#heard();
    this.#from = resourceVersion;
    this.#store.replace(items);
    this.#isSynced = true;
    this.#synced.resolve();
  }

  async #watch(signal: AbortSignal): Promise<"ended" | "silent"> {
    const { api, resource, select, random, clock, resyncMs = RESYNC_MS } = this.#options;
    const silence = new AbortController();
    const stop = AbortSignal.any([signal, silence.signal]);
    // one that goes on where another broke off has only the rest of the time: else a loss would be put right after two lengths
    const restSeconds = Math.max(0, (this.#listedAt + resyncMs - clock.now()) / 1000);
    const timeoutSeconds = Math.max(1, Math.floor(Math.min(WATCH_SECONDS, restSeconds) + random() * 61));
    const tickMs = TICK_MS + random() * TICK_JITTER_MS;
    let silentTicks = 0;
    const over = new AbortController();
    const watchdog = async (): Promise<void> => {
      const until = AbortSignal.any([over.signal, signal]);
      // nobody but the server ends a watch in time; where a proxy keeps it open, this side does
      for (let leftMs = timeoutSeconds * 1000; silentTicks < SILENT_TICKS && leftMs > -tickMs; silentTicks += 1) {
        await clock.sleep(tickMs, until);
        leftMs -= tickMs;
      }
      silence.abort();
    };
    watchdog().catch(() => {});
    let listing = this.#from === undefined ? new Map<string, KubeObject>() : undefined;
    try {
      for await (const event of api.watch(resource, { ...select, from: this.#from, timeoutSeconds }, stop)) {
        silentTicks = 0;
        if (listing === undefined) this.#follow(event);
        else if (event.initialEnd === true) {
          this.#take([...listing.values()], event.object.metadata.resourceVersion ?? "");
          listing = undefined;
        } else if (event.type === "DELETED") listing.delete(keyOf(event.object.metadata));
        else if (event.type !== "BOOKMARK") listing.set(keyOf(event.object.metadata), this.#store.known(event.object));
      }
    } catch (error) {
      if (signal.aborted || !silence.signal.aborted) throw error;
    } finally {
      over.abort();
    }
    if (listing !== undefined && !signal.aborted) {
      throw new HowdahError("cluster/unreachable", `The API server did not list ${resource.plural} to the end`);
    }
    if (silence.signal.aborted) return "silent";
    this.#heardAt = clock.now();
    return "ended";
  }

  #follow({ type, object }: WatchEvent): void {
    this.#heard();
    if (type === "DELETED") this.#store.drop(object);
    else if (type !== "BOOKMARK") this.#store.put(object);
    this.#from = object.metadata.resourceVersion ?? this.#from;
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.now();
    const wasAway = this.#failures > 0;
    this.#failures = 0;
    this.#isUnknown = false;
    if (wasAway) for (const listener of this.#heardAgain) listener();
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (ms > 0) await this.#options.clock.sleep(ms, signal).catch(() => {});
  }
}

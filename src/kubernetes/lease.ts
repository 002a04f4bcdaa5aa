import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { deadline } from "./deadline.ts";
import type { KubeObject, KubernetesApi } from "./kubernetes-api.ts";
import { apiVersionOf, resources } from "./resources.ts";

/** Which Lease is contended for, and how. */
export interface LeaseOptions {
  /** A connection of its own: renewals must not wait behind the work, nor be stopped by `beforeWrite`. */
  readonly api: Pick<KubernetesApi, "get" | "create" | "replace">;
  readonly namespace: string;
  readonly name: string;
  /** Of this process and no other, a restarted one included: the pod's name and something random. */
  readonly identity: string;
  /** Times of day, written for people; nobody decides by them. */
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets (`performance.now`): what is decided by. */
  readonly monotonic: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** After so long without a renewal others take it; whole seconds. Default 15,000. */
  readonly durationMs?: number;
  /** After so long without a renewal the holder stops; the difference is for what is under way. Default 10,000. */
  readonly renewWithinMs?: number;
  /** Between tries. Default 2,000. */
  readonly retryMs?: number;
  /** Told what goes wrong; it goes on in any case. */
  readonly trouble?: (error: HowdahError) => void;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly leaseTransitions?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
}

/**
 * Leadership by a Lease: of several processes one works. A lease elects, it does not protect: a process that was frozen wakes up and believes
 * that it leads. So `check` is called right before each write (`beforeWrite` of the client), and `term`, which is another number for each
 * holder, belongs into preconditions and ledger keys of what is written.
 */
export class Leadership {
  readonly #options: Required<Omit<LeaseOptions, "trouble">> & Pick<LeaseOptions, "trouble">;
  #held: { readonly lease: KubeObject; readonly term: number; readonly renewedAt: number } | undefined;
  /** Another's lease, and since when it is unchanged, by our own clock: clocks of machines differ. */
  #seen: { readonly version: string | undefined; readonly at: number } | undefined;

  #lastTerm = -1;
  /** Ends when this process is told to stop. */
  #stop: AbortSignal | undefined;

  constructor(options: LeaseOptions) {
    this.#options = { durationMs: 15_000, renewWithinMs: 10_000, retryMs: 2000, ...options };
  }

  /** The number of our time as leader (`leaseTransitions`); undefined when we don't lead. */
  get term(): number | undefined {
    return this.#stillHeld() ? this.#held?.term : undefined;
  }

  /**
   * Throws `cluster/conflict` unless the lease is surely ours at this moment and we may go on. A process that is told to stop writes nothing
   * more, though it holds the lease until its work has ended: tidying up would undo what the next holder is about to finish.
   */
  check(): void {
    if (!this.#stillHeld())
      throw new HowdahError("cluster/conflict", `The lease ${this.#name()} is no longer held by this process: nothing was written`);
    if (this.#stop?.aborted === true)
      throw new HowdahError(
        "cluster/conflict",
        `This process ends: what is under way is left to the next holder of the lease ${this.#name()}`,
      );
  }

  /**
   * Waits for the lease, works while it is held, and begins anew when it is lost, until the signal; then gives it back. `work` gets a signal
   * that ends with the lease, and is waited for before the next try. Rejects with what `work` throws while the lease is held.
   */
  async run(work: (term: number, signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    this.#stop = signal;
    while (!signal.aborted) {
      if (!(await this.#acquire(signal))) continue;
      const lost = new AbortController();
      const done = new AbortController();
      const held = this.#held?.term ?? 0;
      const renewal = this.#renew(done.signal).finally(() => {
        lost.abort(new HowdahError("cluster/conflict", `The lease ${this.#name()} was lost`));
      });
      try {
        await work(held, AbortSignal.any([signal, lost.signal]));
      } catch (error) {
        if (!signal.aborted && !lost.signal.aborted) throw error;
      } finally {
        done.abort();
        await renewal;
        await this.#release();
      }
    }
  }

  /** One try; waits afterwards when it was in vain. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, retryMs, random } = this.#options;
    try {
      if (await this.#tryAcquire(signal)) return true;
    } catch (error) {
      if (!signal.aborted) this.#complain(error);
    }
    await clock.sleep(retryMs * (0.75 + random() / 2), signal).catch(() => {});
    return false;
  }

  async #tryAcquire(signal: AbortSignal): Promise<boolean> {
    const { api, namespace, name, monotonic, durationMs } = this.#options;
    const there = await api.get({ resource: resources.Lease, namespace, name }, signal);
    const began = monotonic();
    if (there === undefined) {
      // somebody may have deleted it: terms that this process has seen don't come back
      const term = this.#lastTerm + 1;
      const metadata = { namespace, name };
      const lease = { apiVersion: apiVersionOf(resources.Lease), kind: "Lease", metadata, spec: this.#spec(term, undefined) };
      this.#hold(await api.create(resources.Lease, lease, signal), term, began);
      return true;
    }
    const spec = specOf(there);
    this.#lastTerm = Math.max(this.#lastTerm, spec.leaseTransitions ?? 0);
    if ((spec.holderIdentity ?? "") !== "") {
      const version = there.metadata.resourceVersion;
      if (this.#seen?.version !== version) this.#seen = { version, at: began };
      const theirs = Math.max(durationMs, (spec.leaseDurationSeconds ?? 0) * 1000);
      if (this.#seen === undefined || began - this.#seen.at < theirs) return false;
    }
    const term = this.#lastTerm + 1;
    // its resourceVersion is the precondition: of several that try, one succeeds
    this.#hold(await api.replace(resources.Lease, { ...there, spec: this.#spec(term, undefined) }, {}, signal), term, began);
    return true;
  }

  /** Renews until it is told to stop or the lease is lost. */
  async #renew(done: AbortSignal): Promise<void> {
    const { clock, retryMs, renewWithinMs, monotonic } = this.#options;
    for (;;) {
      const held = this.#held;
      if (held === undefined || done.aborted) return;
      const left = held.renewedAt + renewWithinMs - monotonic();
      if (left <= 0) {
        this.#held = undefined;
        return;
      }
      await clock.sleep(Math.min(retryMs, left), done).catch(() => {});
      if (done.aborted) return;
      const began = monotonic();
      using end = deadline(clock, Math.max(1, held.renewedAt + renewWithinMs - began), done);
      try {
        await this.#renewOnce(held, began, end.signal);
      } catch (error) {
        if (!done.aborted) this.#complain(error);
      }
    }
  }

  async #renewOnce(held: { readonly lease: KubeObject; readonly term: number }, began: number, signal: AbortSignal): Promise<void> {
    const { api, namespace, name, identity } = this.#options;
    const { lease, term } = held;
    try {
      const spec = this.#spec(term, specOf(lease).acquireTime);
      this.#hold(await api.replace(resources.Lease, { ...lease, spec }, {}, signal), term, began);
    } catch (error) {
      if (!(error instanceof HowdahError && error.code === "cluster/conflict")) throw error;
      const now = await api.get({ resource: resources.Lease, namespace, name }, signal);
      const spec = now === undefined ? undefined : specOf(now);
      const ours = now !== undefined && spec?.holderIdentity === identity && spec.leaseTransitions === term;
      // somebody put a label on it, or our renewal went through and its answer got lost: the next try is on what is there
      if (ours && this.#held !== undefined) this.#held = { ...this.#held, lease: now };
      else {
        this.#held = undefined;
        throw error;
      }
    }
  }

  /** Gives the lease back, so that nobody waits for its end. A renewal may have been under way: what is there decides whether it is ours. */
  async #release(): Promise<void> {
    const { api, clock, retryMs, namespace, name, identity } = this.#options;
    const term = this.term;
    this.#held = undefined;
    if (term === undefined) return;
    using end = deadline(clock, retryMs, undefined);
    try {
      const there = await api.get({ resource: resources.Lease, namespace, name }, end.signal);
      const found = there === undefined ? undefined : specOf(there);
      if (there === undefined || found?.holderIdentity !== identity || found.leaseTransitions !== term) return;
      const spec = { ...this.#spec(term, found.acquireTime), holderIdentity: "", leaseDurationSeconds: 1 };
      await api.replace(resources.Lease, { ...there, spec }, {}, end.signal);
    } catch (error) {
      this.#complain(error);
    }
  }

  #hold(lease: KubeObject, term: number, renewedAt: number): void {
    this.#held = { lease, term, renewedAt };
    this.#lastTerm = term;
    this.#seen = undefined;
  }

  #stillHeld(): boolean {
    const { monotonic, renewWithinMs } = this.#options;
    return this.#held !== undefined && monotonic() - this.#held.renewedAt < renewWithinMs;
  }

  #spec(term: number, acquireTime: string | undefined): LeaseSpec {
    const { identity, durationMs, clock } = this.#options;
    const now = new Date(clock.now()).toISOString().replace("Z", "000Z"); // MicroTime
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      leaseTransitions: term,
      acquireTime: acquireTime ?? now,
      renewTime: now,
    };
  }

  #name(): string {
    return `${this.#options.namespace}/${this.#options.name}`;
  }

  #complain(error: unknown): void {
    if (!(error instanceof HowdahError)) throw error;
    this.#options.trouble?.(error);
  }
}

function specOf(lease: KubeObject): LeaseSpec {
  return lease["spec"] ?? {};
}

/** One request that did not get the answer it must get. */
export interface Failure {
  /** When it was sent, ISO 8601. */
  readonly at: string;
  readonly phase: string;
  readonly request: string;
  readonly reason: string;
  /** Milliseconds until the failure was seen. */
  readonly after: number;
  /** Sent on a connection that had carried requests before. */
  readonly reused: boolean;
}

/** What a phase of a load was like; times in milliseconds, of good answers. */
export interface PhaseReport {
  readonly requests: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
}

/** What came of a load. */
export interface LoadReport {
  readonly requests: number;
  readonly failed: number;
  /** The first hundred. */
  readonly failures: readonly Failure[];
  /** When the first and the last of all that failed were sent, ISO 8601: how long visitors were hurt. */
  readonly failing: { readonly from: string; readonly until: string } | undefined;
  /** Good answers to POST: so many rows there must be in the database. */
  readonly stored: number;
  /** Requests a second, as really sent. */
  readonly rate: number;
  /** How many requests went over a connection that was there already. */
  readonly reused: number;
  /** How many were sent a second time, since a kept connection was closed before the answer's first byte: see `sendChecked`. */
  readonly resent: number;
  readonly phases: Readonly<Record<string, PhaseReport>>;
  /** Good answers by the release that gave them. */
  readonly releases: Readonly<Record<string, number>>;
}

/** What one request came to. */
export interface Outcome {
  readonly method: "GET" | "POST";
  readonly phase: string;
  readonly milliseconds: number;
  readonly reused: boolean;
  readonly resent: boolean;
  readonly release: string;
  readonly failure: Failure | undefined;
}

const SHOWN = 100;

/** Collects outcomes; `report` may be asked at any time. */
export class Tally {
  readonly #times = new Map<string, number[]>();
  readonly #failed = new Map<string, number>();
  readonly #releases = new Map<string, number>();
  readonly #failures: Failure[] = [];
  #failing: LoadReport["failing"];
  #stored = 0;
  #reused = 0;
  #resent = 0;

  add({ method, phase, milliseconds, reused, resent, release, failure }: Outcome): void {
    if (reused) this.#reused++;
    if (resent) this.#resent++;
    const times = this.#times.get(phase) ?? [];
    this.#times.set(phase, times);
    if (failure !== undefined) {
      count(this.#failed, phase);
      if (this.#failures.length < SHOWN) this.#failures.push(failure);
      const { from = failure.at, until = failure.at } = this.#failing ?? {};
      this.#failing = { from: from < failure.at ? from : failure.at, until: until > failure.at ? until : failure.at };
      return;
    }
    times.push(milliseconds);
    count(this.#releases, release);
    if (method === "POST") this.#stored++;
  }

  report(seconds: number): LoadReport {
    const phases = Object.fromEntries(
      [...this.#times].map(([phase, times]) => [phase, phaseReport(times, this.#failed.get(phase) ?? 0)] as const),
    );
    const sum = (key: "requests" | "failed"): number => Object.values(phases).reduce((before, phase) => before + phase[key], 0);
    return {
      requests: sum("requests"),
      failed: sum("failed"),
      failures: this.#failures,
      failing: this.#failing,
      stored: this.#stored,
      rate: sum("requests") / seconds,
      reused: this.#reused,
      resent: this.#resent,
      phases,
      releases: Object.fromEntries(this.#releases),
    };
  }
}

function phaseReport(times: readonly number[], failed: number): PhaseReport {
  const sorted = Float64Array.from(times).sort();
  const at = (part: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0) * 10) / 10;
  return { requests: times.length + failed, failed, p50: at(0.5), p99: at(0.99), slowest: at(1) };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

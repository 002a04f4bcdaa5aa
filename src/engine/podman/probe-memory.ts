import type { Clock } from "../../kernel/clock.ts";
import type { AnyProbe, Container } from "../../render/objects.ts";
import { type ExecInContainer, probeOnce } from "./probe.ts";

/** What probing a container again and again has come to. */
export interface ContainerHealth {
  readonly ready: boolean;
  /** It fails its liveness probe, or never got through its startup probe: restart it. */
  readonly dead: boolean;
  readonly why: string;
}

interface Track {
  started: boolean;
  ready: boolean;
  dead: boolean;
  why: string;
  readonly asked: Map<Kind, { at: number; failures: number }>;
}

type Kind = "startupProbe" | "readinessProbe" | "livenessProbe";

/**
 * Remembers between passes what containers answered, so that each probe keeps its own period and failure threshold.
 * Lives as long as the agent; a new process of a container starts afresh.
 */
export class ProbeMemory {
  readonly #clock: Clock;
  readonly #tracks = new Map<string, Track>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Asks what is due. `key` names one process of one container; `wasReady` is what a command already found out. */
  async look(
    key: string,
    container: Container,
    at: { address: string; exec: ExecInContainer; wasReady: boolean },
  ): Promise<ContainerHealth> {
    const track = this.#track(key, container, at.wasReady);
    const ask = (kind: Kind): Promise<void> => {
      const probe = container[kind];
      return probe === undefined || !this.#isDue(track, kind, probe) ? Promise.resolve() : this.#ask(track, kind, probe, at);
    };
    if (!track.started) await ask("startupProbe");
    if (track.started) await Promise.all([ask("readinessProbe"), ask("livenessProbe")]);
    return { ready: track.started && track.ready, dead: track.dead, why: track.why };
  }

  /** Forgets processes that are gone. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#tracks.keys()) if (!keys.has(key)) this.#tracks.delete(key);
  }

  #track(key: string, container: Container, wasReady: boolean): Track {
    const known = this.#tracks.get(key);
    if (known !== undefined) return known;
    const started = wasReady || container.startupProbe === undefined;
    const track: Track = { started, ready: wasReady || container.readinessProbe === undefined, dead: false, why: "", asked: new Map() };
    this.#tracks.set(key, track);
    return track;
  }

  #isDue(track: Track, kind: Kind, probe: AnyProbe): boolean {
    const last = track.asked.get(kind);
    return last === undefined || this.#clock.now() - last.at >= probe.periodSeconds * 1000;
  }

  async #ask(track: Track, kind: Kind, probe: AnyProbe, at: { address: string; exec: ExecInContainer }): Promise<void> {
    const answer = await probeOnce(probe, at.address, at.exec);
    const failures = answer.ok ? 0 : (track.asked.get(kind)?.failures ?? 0) + 1;
    track.asked.set(kind, { at: this.#clock.now(), failures });
    const failed = failures >= probe.failureThreshold;
    if (failed) track.why = answer.why;
    if (kind === "startupProbe") track.started = answer.ok;
    if (kind === "readinessProbe" && (answer.ok || failed)) track.ready = answer.ok;
    if (kind !== "readinessProbe") track.dead ||= failed;
  }
}

import type { EngineContext, Target } from "./engine.ts";

/** A program that runs beside a container's server and outlives whoever started it: a cron. */
export interface JobRequest {
  /** Names this run for ever: random, lower-case letters and digits. */
  readonly id: string;
  /** What runs: the cron's name, a DNS label. Its output is the log `cron/NAME`. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Only remembered: whoever schedules asks for the end with `stop`. */
  readonly timeoutSeconds: number;
  /** When it was due, milliseconds since the epoch; a run by hand was not. Only remembered. */
  readonly planned?: number;
}

/** One run, while it goes on and until it is forgotten. */
export interface JobRun {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly pod: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly timeoutSeconds: number;
  readonly planned?: number;
  readonly state:
    | {
        readonly is: "running";
        /** By a clock that never jumps. */
        readonly elapsedMs: number;
      }
    | {
        readonly is: "ended";
        /** `null`: nobody saw its end (the machine went down, its watcher was killed). */
        readonly exitCode: number | null;
        /** Milliseconds since the epoch. */
        readonly endedAt: number;
        /** Why it was stopped, when it was. */
        readonly stopped?: string;
      };
}

/** Programs beside running containers. What runs is known to every process of Howdah on the machine, also after one was killed. */
export interface Jobs {
  /**
   * Starts a program in a ready pod of the target, or in a pod of its own like it, with its container's user, environment, limits and seals.
   * Returns when it runs, or when it will whatever becomes of us (a cluster has taken it).
   * Errors: `engine/not-ready` when no such pod is ready; `site/down` when the site was stopped or is held by a rollout;
   * `engine/crashed` when the program can't be started.
   */
  start(target: Target, request: JobRequest, context: EngineContext): Promise<void>;
  /** The runs of a namespace, or of all, oldest first. */
  list(namespace?: string): Promise<readonly JobRun[]>;
  /** Ends a run and everything that it started: TERM, then KILL after a grace. Returns when nothing of it is left. */
  stop(id: string, why: string): Promise<void>;
  /** Forgets a run that has ended. */
  forget(id: string): Promise<void>;
}

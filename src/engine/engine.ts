import type { Readable, Writable } from "node:stream";
import type { Emit } from "../kernel/event.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Observed } from "../observe/observed.ts";
import type { Use } from "../observe/use.ts";
import type { Inventory } from "../plan/inventory.ts";
import type { Step } from "../plan/step.ts";
import type { Deployment, Rendered } from "../render/objects.ts";
import type { Jobs } from "./jobs.ts";

/** A moment of replacing a workload's pods that a caller may want to write down before it comes. */
export type RollPhase = "start" | "ask" | "switch";

/** What a call into an engine carries: where to report, and when to stop. */
export interface EngineContext {
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /**
   * Whoever leads a rollout is told of each phase and waited for before it begins. The former pods of a Deployment then stay when `apply`
   * is done, out of the way in, until `settle` ends them: going back to them takes no start. A cluster lets them go while the new ones come
   * (both at once would take twice the memory of all nodes): there, going back starts them anew, without a trial.
   */
  readonly reached?: (phase: RollPhase) => Promise<void>;
  /**
   * What is applied served before, and somebody has taken it away or changed it. A cluster's engine then waits for no pod, and takes nothing back
   * when pods fall: whoever puts things right would see no other change meanwhile.
   */
  readonly putsBack?: true;
}

/** What visitors of a site read while it is held: plain text, escaped where it lands. */
export interface Maintenance {
  readonly text: string;
  /** Left out: that the site will be back soon. */
  readonly title?: string;
  /** Seconds, told to programs as `Retry-After`. */
  readonly retryAfter: number;
}

/** Which container of which component; the newest ready pod is taken, `replica` (from 0) chooses another. */
export interface Target {
  readonly namespace: string;
  /** The Deployment's or StatefulSet's name. */
  readonly workload: string;
  readonly container: string;
  readonly replica?: number;
  /** For `runOnce`: the container is this Deployment's, which need not be applied yet; its ConfigMaps, claims and secrets must be. */
  readonly desired?: Deployment;
}

/** A program in a container. With `tty` the caller's terminal is passed through. */
export interface ExecRequest {
  readonly argv: readonly string[];
  readonly stdin?: Readable | "inherit" | "none";
  readonly stdout?: Writable | "inherit";
  readonly stderr?: Writable | "inherit";
  readonly tty?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: number;
}

/** One line that a container wrote. */
export interface LogLine {
  readonly namespace: string;
  readonly workload: string;
  readonly pod: string;
  readonly container: string;
  readonly stream: "stdout" | "stderr";
  /** RFC 3339 with nanoseconds when the engine knows it. */
  readonly time: string;
  readonly text: string;
}

/** Facts that rendering needs and only the engine knows. */
export interface EngineFacts {
  /** DNS server for names of Services in a namespace, for nginx' `resolver`. */
  readonly resolver: string;
  /** What follows a Service's name in full (`blog.svc.cluster.local`), where its name alone is not enough for nginx. */
  readonly serviceDomain?: string;
  /** Networks (CIDR) of the way in, whose X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[];
  /** A session server gets no volume: one would hold it to a node, also when that is lost. */
  readonly sessionsInMemory?: boolean;
}

/** Somebody who waits for a site to wake. */
export interface Visitor {
  /** Called as soon as pods serve, with their addresses and ports. */
  readonly serving: (backends: readonly string[]) => void;
}

/**
 * Where sites run. `apply` performs one step and is idempotent: after a crash anywhere the same step may be performed again.
 * Creating or updating a Deployment returns when its new pods are ready and serve, or fails with the former ones serving as before.
 * Every engine passes engineContract (engine-contract.ts).
 */
export interface Engine {
  readonly kind: "podman" | "kubernetes" | "memory";
  /** Makes a namespace's network and answers what rendering must know about it. */
  prepare(namespace: string, context: EngineContext): Promise<EngineFacts>;
  /** Namespaces that hold anything, sorted. */
  namespaces(): Promise<readonly string[]>;
  /** What was put there. An engine whose objects others can change too says which of the desired were. */
  inventory(namespace: string, desired?: readonly Rendered[]): Promise<Inventory>;
  /** Stores a secret's keys; rendered objects name it. Answers a digest of names and values that changes when a value does. */
  putSecret(namespace: string, name: string, data: Readonly<Record<string, Secret>>): Promise<string>;
  /** Forgets a secret for good; pods that run keep what they got. */
  deleteSecret(namespace: string, name: string): Promise<void>;
  apply(namespace: string, step: Step, context: EngineContext): Promise<void>;
  /**
   * Ends the pods that workloads no longer want, after what they began is finished; a cluster's nodes see to that, and it is enough that they
   * were told. Does nothing for a workload whose wanted pods don't serve.
   */
  settle(namespace: string, context: EngineContext): Promise<void>;
  /**
   * Holds a site: the way in answers every request with 503 and this page, and pods get none; the workloads named in `stop` are ended.
   * `null` lets requests through again; what was stopped comes back when it is applied or scaled up. Survives the caller.
   */
  hold(
    namespace: string,
    wanted: { readonly page: Maintenance; readonly stop: readonly string[] } | null,
    context: EngineContext,
  ): Promise<void>;
  /** The address of a workload's pod that runs, a ready one first; undefined when none does. Costs next to nothing for a ready one. */
  locate(namespace: string, workload: string): Promise<string | undefined>;
  observe(namespace: string): Promise<Observed>;
  /** Runs a program in a running container and answers its exit code. */
  exec(target: Target, request: ExecRequest, context: EngineContext): Promise<number>;
  /** Programs that outlive whoever starts them: crons. A pod that is replaced stays until its jobs have ended. */
  readonly jobs: Jobs;
  /**
   * Runs a program in a new container like the target's, with the same environment and volumes, and removes it after. Without `stdin` and
   * `tty` its output is text: an engine may give both streams as `stdout`, in order, and end the last line. Then, too, the program goes on to its
   * end when the caller is killed.
   */
  runOnce(target: Target, request: ExecRequest, context: EngineContext): Promise<number>;
  logs(
    namespace: string,
    options: { readonly follow: boolean; readonly tail: number; readonly workload?: string; readonly container?: string },
    context: EngineContext,
  ): AsyncIterable<LogLine>;
  /** Stops or starts all pods of a namespace; the inventory and data stay. */
  scaleDown(namespace: string, context: EngineContext): Promise<void>;
  scaleUp(namespace: string, context: EngineContext): Promise<void>;
  /** How it is used, read without a process: the agent asks every few seconds. */
  use(namespace: string): Promise<Use>;
  /**
   * Puts a namespace to sleep: its pods end, the way in stays and holds the next visitor until it is awake again. Whatever forbids it (a
   * program that somebody runs in it, a connection) is answered instead of doing it; `force` asks for no such reason. Survives a reboot.
   * An engine whose way in can't hold visitors (a cluster's) always answers that, and `use` never says that a namespace should sleep.
   */
  sleep(namespace: string, options: { readonly force: boolean }, context: EngineContext): Promise<string | undefined>;
  /**
   * Wakes a namespace that sleeps, and keeps one awake for a minute at least; for a `visitor` as long as after any visit, and who waits is
   * told where it serves (`10.89.0.5:8080`) before the way in has followed. Answers the same. It takes the namespace's lock while it wakes:
   * who has the lock calls `scaleUp`. Errors: `site/down` when it was stopped or is held; `machine/busy`, and those of `scaleUp`: it then goes
   * on sleeping, and `observe` gives the reason.
   */
  ensureAwake(namespace: string, context: EngineContext, visitor?: Visitor): Promise<readonly string[]>;
  /** Deletes everything but data: volumes and secrets stay for `deleteVolume` and `deleteSecret`, and their claims stay in the inventory. */
  remove(namespace: string, context: EngineContext): Promise<void>;
  /** Deletes one volume for good, and its claim from the inventory. */
  deleteVolume(namespace: string, claim: string): Promise<void>;
  /**
   * Forgets a namespace whose data was deleted: its secrets with every copy, what the engine remembered of it, its network. Nothing of it
   * remains, and doing it again does nothing. Errors: `bug` while it has workloads or claims: those go with `remove` and `deleteVolume`.
   */
  forget(namespace: string): Promise<void>;
  /** One pass that brings back what should run: starts what died, refreshes the way in. Answers what it did. The agent calls it in a loop. Never acts on a namespace that a command has locked. */
  heal(context: EngineContext): Promise<readonly string[]>;
}

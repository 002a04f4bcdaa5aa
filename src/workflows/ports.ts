import type { Clock } from "../kernel/clock.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Engine, EngineContext } from "../engine/engine.ts";
import type { Step } from "../plan/step.ts";
import type { Site } from "../site/site.ts";

/** What is remembered of a site that runs on this machine, so that verbs work without its file. Holds no secret. */
export interface SiteRecord {
  readonly site: Site;
  readonly namespace: string;
  /** Absolute path of the site file. */
  readonly file: string;
  readonly url: string;
  readonly images: { readonly web: string; readonly php: string | null };
  readonly releaseId: string;
  readonly database: { readonly server: string; readonly host: string; readonly port: number; readonly name: string; readonly user: string } | null;
  /** RFC 3339. */
  readonly updatedAt: string;
  /** `up`, or `down` when a person stopped it. */
  readonly wanted: "up" | "down";
}

/** Data of a destroyed site, kept until a day. */
export interface RetainedData {
  readonly namespace: string;
  readonly record: SiteRecord;
  readonly volumes: readonly string[];
  readonly destroyedAt: string;
  /** RFC 3339: from then on the agent deletes it. */
  readonly keptUntil: string;
}

/** JSON documents by name, written atomically. A damaged one is machine/state-unreadable, naming the file. */
export interface DocumentStore<T> {
  get(name: string): Promise<T | undefined>;
  list(): Promise<readonly T[]>;
  put(name: string, document: T): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Runs a program once in an image with files in place: how nginx and PHP-FPM judge a rendered configuration before it replaces anything. */
export interface ConfigCheck {
  /** Answers the exit code and the program's last lines. Files are absolute path to text, read-only in the container. */
  run(request: { readonly image: string; readonly argv: readonly string[]; readonly files: Readonly<Record<string, string>> }, signal: AbortSignal): Promise<{ readonly code: number; readonly output: readonly string[] }>;
}

/** One HTTP answer, for health checks; redirects are not followed. */
export interface HttpProbe {
  get(url: string, options: { readonly host: string; readonly connect: { readonly address: string; readonly port: number }; readonly timeoutMs: number }): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }>;
}

/** The way in of one machine. */
export interface EdgePort {
  ensure(settings: EdgeSettings, context: EngineContext): Promise<void>;
  remove(): Promise<void>;
}

export interface EdgeSettings {
  readonly image: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Address to listen on: 127.0.0.1 by default, 0.0.0.0 for the world. */
  readonly bind: string;
}

/** Serializes work on one namespace across processes; the kernel frees it when the holder dies. */
export interface LockPort {
  hold<T>(namespace: string, command: string, work: () => Promise<T>): Promise<T>;
}

/** Keeps sites alive after the command has ended. */
export interface AgentPort {
  ensureRunning(): Promise<"started" | "running">;
  status(): Promise<{ readonly running: boolean; readonly how: string }>;
  stop(): Promise<void>;
}

export type { Clock, Engine, EngineContext, Secret, Step };

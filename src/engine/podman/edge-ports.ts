import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import type { EdgeListen } from "../../render/nginx/edge-input.ts";
import type { Lock } from "../lock.ts";
import type { RenderEdge } from "./edge-routes.ts";
import type { Machine } from "./machine.ts";
import type { Names } from "./names.ts";
import type { Podman } from "./podman-cli.ts";
import type { ReadyMarks } from "./ready-marks.ts";
import type { SecretStore } from "./secret-store.ts";
import type { StateStore } from "./state-store.ts";

/** How the way in is made. */
export interface EdgeSettings extends EdgeListen {
  /** An nginx image. */
  readonly image: string;
}

/** A certificate's PEM files on this machine. */
export type CertificateFor = (hostnames: readonly string[]) => Promise<{ readonly certificate: string; readonly key: string }>;

/** What the edge is built on. */
export interface EdgePorts {
  readonly names: Names;
  readonly podman: Podman;
  readonly store: StateStore;
  readonly secrets: SecretStore;
  readonly marks: ReadyMarks;
  readonly clock: Clock;
  readonly lock: Lock;
  readonly stateDir: string;
  readonly runDir: string;
  /** Runs a program of the system (`mount`, `umount`). */
  readonly system: Machine["system"];
  readonly render: RenderEdge;
  readonly certificateFor: CertificateFor;
}

/** Where the edge's container sees its configuration. */
export const EDGE_INSIDE = "/etc/howdah-edge";
/** Its file name. */
export const EDGE_CONFIG = "nginx.conf";

/** How long the edge may take to start or to switch. */
export const EDGE_START_MS = 15_000;
export const EDGE_POLL_MS = 20;

/** Where the running edge marks the visits of a namespace, below its /run. */
export function visitsFile(namespace: string): string {
  return `visits.${namespace}`;
}

/** The agent's socket below /run of the running edge: whoever asks there wakes a site. */
export const WAKE_SOCKET = "wake.sock";

/** Where the machine sees /run of the running edge. */
export function edgeRunDirectory(runDir: string): string {
  return join(runDir, "edge", "live");
}

/** /run of the running edge, and of the container that tests its configuration: pid file and sockets. */
export const EDGE_SCRATCH = ["live", "test"];
export const EDGE_SCRATCH_BYTES = 16 * 1024 * 1024;

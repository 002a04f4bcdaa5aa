import type { Clock } from "../../kernel/clock.ts";
import type { HttpRoute } from "../../render/objects.ts";
import type { ProcessResult } from "../process-port.ts";
import type { CopiedVolumes } from "./copied-volumes.ts";
import type { Firewall } from "./firewall.ts";
import type { Names } from "./names.ts";
import type { Limits } from "./pod-arguments.ts";
import type { PodVolumes } from "./pod-volumes.ts";
import type { PodmanJobs } from "./podman-jobs.ts";
import type { Podman } from "./podman-cli.ts";
import type { ReadyMarks } from "./ready-marks.ts";
import type { SecretStore } from "./secret-store.ts";
import type { StateStore } from "./state-store.ts";
import type { Visits } from "./visits.ts";

/** Everything that the parts of the podman engine share: one machine, one instance. */
export interface Machine {
  readonly names: Names;
  readonly podman: Podman;
  readonly store: StateStore;
  readonly secrets: SecretStore;
  readonly volumes: PodVolumes;
  readonly copies: CopiedVolumes;
  readonly marks: ReadyMarks;
  readonly jobs: Pick<PodmanJobs, "runningIn" | "stopAll">;
  readonly visits: Visits;
  readonly clock: Clock;
  readonly firewall: Firewall;
  /** Which limits the machine's cgroups keep; asked once. */
  readonly limits: () => Promise<Limits>;
  readonly system: (argv: readonly string[]) => Promise<ProcessResult>;
  /** Lets the way in follow the routes and the ready pods. Answers which sites had to be left out, and why. */
  readonly refreshEdge: () => Promise<readonly string[]>;
  /** Waits until the way in has nothing under way to pods that it no longer leads to; false after the patience. */
  readonly edgeDrained: (patienceMs: number) => Promise<boolean>;
  /** Refuses a route that the way in could not take. */
  readonly checkRoute: (namespace: string, route: HttpRoute) => Promise<void>;
}

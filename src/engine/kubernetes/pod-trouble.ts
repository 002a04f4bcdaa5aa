import type { ErrorCode } from "../../kernel/error-catalog.ts";
import type { ContainerStatus, PodObject } from "./views.ts";
import { holds } from "./views.ts";

/** Why a pod does not serve, in words that begin a sentence's second half. */
export interface PodTrouble {
  /** `php: its image localhost/x can't be pulled: not found`. */
  readonly why: string;
  /**
   * `own`: what runs in it is not ready. `starting`: the cluster has it in hand (it pulls its image, makes its volumes). `cluster`: it could not
   * even start, for reasons that may pass (no node has room). `registry`: its image does not come. `fallen`: it fell again and again. `wrong`:
   * it can never start.
   */
  readonly kind: "own" | "starting" | "cluster" | "registry" | "fallen" | "wrong";
  readonly code: ErrorCode;
}

/** Kubernetes brings a container back; one that falls that often will not stand. */
const RESTARTS_THAT_FAIL = 2;

/** A registry that answers that it has no such image will not have it later: images are pushed before they are named. */
const NOT_THERE = /: not found\b|manifest unknown/;

const NEVER = new Set(["InvalidImageName", "ErrImageNeverPull"]);

/** Reads a pod's own status; undefined when it serves. Pure: the same for all who wait for pods and who explain them. */
export function podTrouble(pod: PodObject): PodTrouble | undefined {
  const { conditions, initContainerStatuses = [], containerStatuses = [], phase, reason, message } = pod.status ?? {};
  if (phase === "Failed") return { kind: "fallen", code: "engine/crashed", why: `the pod failed: ${joined(reason, message)}` };
  const scheduled = conditions?.find((one) => one.type === "PodScheduled");
  if (scheduled?.status === "False")
    return { kind: "cluster", code: "engine/not-ready", why: `no node takes the pod: ${joined(scheduled.reason, scheduled.message)}` };
  const troubles = [...initContainerStatuses.filter((one) => !hasSucceeded(one)), ...containerStatuses].flatMap(
    (status) => containerTrouble(status) ?? [],
  );
  const worst = troubles.toSorted((a, b) => rank(b) - rank(a))[0];
  if (worst !== undefined) return worst;
  if (containerStatuses.length === 0) return { kind: "starting", code: "engine/not-ready", why: "the pod is being started" };
  return holds(conditions, "Ready") ? undefined : { kind: "own", code: "engine/not-ready", why: "the pod is not ready yet" };
}

function rank({ kind }: PodTrouble): number {
  return ["own", "starting", "cluster", "registry", "fallen", "wrong"].indexOf(kind);
}

function hasSucceeded({ state }: ContainerStatus): boolean {
  return state?.terminated?.exitCode === 0;
}

function containerTrouble(status: ContainerStatus): PodTrouble | undefined {
  const { name, state, ready } = status;
  const said = (kind: PodTrouble["kind"], why: string, code: ErrorCode = "engine/not-ready"): PodTrouble => ({
    kind,
    code,
    why: `${name}: ${why}`,
  });
  const waiting = state?.waiting;
  const ended = state?.terminated ?? (state?.running === undefined ? status.lastState?.terminated : undefined);
  if (waiting?.reason !== undefined && NEVER.has(waiting.reason))
    return said("wrong", `its image ${status.image} can't be used: ${joined(waiting.reason, waiting.message)}`);
  if (waiting?.reason === "ErrImagePull" || waiting?.reason === "ImagePullBackOff")
    return said(
      NOT_THERE.test(waiting.message ?? "") ? "wrong" : "registry",
      `its image ${status.image} can't be pulled: ${waiting.message ?? waiting.reason}`,
    );
  if (ended !== undefined) {
    const fallen = waiting?.reason === "CrashLoopBackOff" || status.restartCount > 0;
    return said(fallen ? "fallen" : "own", endOf(ended), "engine/crashed");
  }
  if (waiting !== undefined) {
    const starts = waiting.reason === "ContainerCreating" || waiting.reason === "PodInitializing";
    return starts ? said("starting", "it is being started") : said("cluster", joined(waiting.reason, waiting.message));
  }
  if (!ready && status.restartCount >= RESTARTS_THAT_FAIL && status.lastState?.terminated !== undefined)
    return said("fallen", endOf(status.lastState.terminated), "engine/crashed");
  return ready ? undefined : said("own", "it is not ready yet");
}

/** How a container ended. */
function endOf({ exitCode, reason }: { readonly exitCode: number; readonly reason?: string }): string {
  if (reason === "OOMKilled") return "it took more memory than its limit and was killed";
  return `it ended with exit code ${String(exitCode)}`;
}

function joined(reason: string | undefined, message: string | undefined): string {
  return [reason, message].filter((part) => part !== undefined && part !== "").join(": ") || "no reason is known";
}

/** True when a container of the pod has fallen at least once: at a deadline that is the better name for what is wrong. */
export function hasFallen(pod: PodObject): boolean {
  const all = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return all.some(({ state, lastState }) => (state?.terminated ?? lastState?.terminated ?? { exitCode: 0 }).exitCode !== 0);
}

/** True when every container of the pod has been started: from then on its own time counts, not the cluster's. */
export function hasBegun(pod: PodObject): boolean {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const began = ({ state, lastState }: ContainerStatus): boolean =>
    state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated !== undefined;
  return initContainerStatuses.some(began) || (containerStatuses.length > 0 && containerStatuses.every(began));
}

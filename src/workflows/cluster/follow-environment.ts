import type { ErrorCode } from "../../kernel/error-catalog.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { type FoundEnvironment, foundEnvironment, holds, isSeen } from "./cluster-environments.ts";
import { productionOf } from "./write-release.ts";
import { codeOfReason, ROLLOUT_TITLES } from "./follow-rollout.ts";

/** Which environment, and what it is waited for. */
export interface EnvironmentToFollow {
  readonly cluster: Pick<ConnectedCluster, "api" | "context">;
  readonly of: string;
  readonly name: string;
  /** The value of the annotation that is to be acted on; null: none is. */
  readonly reset: string | null;
  readonly patienceMs: number;
  /** What it stalled on may be mended already: so long the operator may take to look again. Left out: nothing was. */
  readonly graceMs?: number;
}

const POLL_MS = 500;
const ADDRESS_MS = 5000;
/** An operator that runs looks at a new object within this. */
const NOBODY_MS = 20_000;

/**
 * Shows how the operator makes an environment, or makes it anew, until it serves. Stopping to look stops nothing: the operator goes on. Errors: what stands in its
 * way, by its own name; `cluster/failed` when the patience ends.
 */
export async function followEnvironment(
  wanted: EnvironmentToFollow,
  ports: Pick<Ports, "clock">,
  { emit, signal }: EngineContext,
): Promise<FoundEnvironment> {
  const began = ports.clock.now();
  const shown = stepsOn(emit);
  let warned = false;
  let servesSince: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    const found = await look(wanted, signal).catch((error: unknown) => shown.fail(error));
    const waited = ports.clock.now() - began;
    const isTaken = isSeen(found) && (wanted.reset === null || found.status.reset === wanted.reset);
    servesSince = isTaken && serves(found) ? (servesSince ?? ports.clock.now()) : undefined;
    // The address may be another write of the operator's, a moment later.
    if (servesSince !== undefined && (found.status.url !== undefined || ports.clock.now() - servesSince > ADDRESS_MS)) {
      shown.turnTo(undefined);
      return found;
    }
    const stalled = holds(found.status, "Stalled");
    if (stalled !== undefined && waited >= (isTaken ? (wanted.graceMs ?? 0) : NOBODY_MS))
      shown.fail(new HowdahError(codeOfReason(stalled.reason), stalled.message));
    shown.turnTo(await stepOf(found, isTaken, wanted, signal));
    if (waited > wanted.patienceMs) shown.fail(outOfPatience(wanted, found));
    if (!warned && found.status.observedGeneration === undefined && waited > NOBODY_MS) {
      warned = true;
      emit({ type: "notice", level: "warning", message: nobody(wanted) });
    }
    await ports.clock.sleep(POLL_MS, signal);
  }
}

function serves({ status }: FoundEnvironment): boolean {
  return holds(status, "Ready") !== undefined && holds(status, "Reconciling") === undefined;
}

async function look({ cluster: { api, context }, of, name }: EnvironmentToFollow, signal: AbortSignal): Promise<FoundEnvironment> {
  const object = await api.get({ resource: resources.Environment, namespace: of, name }, signal);
  const found = object?.metadata.deletionTimestamp === undefined && object !== undefined ? foundEnvironment(object) : undefined;
  if (found !== undefined) return found;
  throw new HowdahError("environment/unknown", `The environment ${name} of ${of} in ${context} was deleted meanwhile`, {
    hint: `\`howdah env ls --context ${context}\` lists those that there are.`,
  });
}

interface Step {
  readonly id: string;
  readonly title: string;
}

/** What is being done now: a step of the rollout in its own namespace, else what the operator says. */
async function stepOf(
  { status, namespace: own }: FoundEnvironment,
  isTaken: boolean,
  { cluster: { api } }: EnvironmentToFollow,
  signal: AbortSignal,
): Promise<Step> {
  if (!isTaken && status.observedGeneration === undefined) return { id: "operator", title: `The operator makes ${own}` };
  const rollout = status.rollout ?? (status.namespace === undefined ? undefined : await rolloutIn(status.namespace));
  if (rollout !== undefined) return { id: rollout.step, title: ROLLOUT_TITLES[rollout.step] ?? rollout.step };
  const said = holds(status, "Reconciling") ?? status.conditions?.find(({ type }) => type === "Ready");
  return said === undefined ? { id: "operator", title: `The operator makes ${own}` } : { id: said.reason, title: said.message };

  async function rolloutIn(namespace: string): Promise<EnvironmentStatus["rollout"]> {
    const inner = await productionOf(api, namespace, signal).catch((error: unknown) => {
      if (error instanceof HowdahError && error.code === "cluster/forbidden") return undefined; // what the operator says is enough
      throw error;
    });
    return (inner?.["status"] as EnvironmentStatus | undefined)?.rollout;
  }
}

/** One step after another, as people see them. */
function stepsOn(emit: EngineContext["emit"]): {
  readonly turnTo: (step: Step | undefined) => void;
  readonly fail: (error: unknown) => never;
} {
  let open: Step | undefined;
  return {
    turnTo: (step) => {
      const former = open;
      open = step;
      if (step !== undefined && step.id === former?.id) {
        if (step.title !== former.title) emit({ type: "task-progress", id: step.id, detail: step.title });
        return;
      }
      if (former !== undefined) emit({ type: "task-done", id: former.id, outcome: "changed" });
      if (step !== undefined) emit({ type: "task-started", ...step });
    },
    fail: (error) => {
      if (open !== undefined && error instanceof HowdahError)
        emit({ type: "task-failed", id: open.id, code: error.code satisfies ErrorCode, message: error.message });
      throw error;
    },
  };
}

function outOfPatience({ cluster: { context }, patienceMs }: EnvironmentToFollow, { status, namespace }: FoundEnvironment): HowdahError {
  const said = holds(status, "Reconciling") ?? status.conditions?.find(({ type }) => type === "Ready");
  const words = said === undefined ? "the operator has not looked at it" : said.message.replace(/\.$/, "");
  return new HowdahError("cluster/failed", `${namespace} does not serve after ${String(Math.round(patienceMs / 1000))} s: ${words}`, {
    hint: `The operator goes on with it: \`howdah env show ${namespace} --context ${context}\` says how far that is.`,
  });
}

function nobody({ name, cluster: { context } }: EnvironmentToFollow): string {
  return `nobody has taken up ${name} yet: is the operator running? \`howdah doctor --context ${context}\` says`;
}

import { access } from "node:fs/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { AnyProbe, Container } from "../../render/objects.ts";
import { type LogCursor, lastLines, logCursor } from "./container-log.ts";
import { entrypointLine } from "../entrypoint-line.ts";
import type { Machine } from "./machine.ts";
import type { PodPlan } from "./pod-arguments.ts";
import type { InspectedContainer } from "./podman-cli.ts";
import { probeOnce } from "./probe.ts";

/** A pod that was started, and what podman said of its containers then. */
export interface StartedPod {
  readonly plan: PodPlan;
  readonly seen: readonly InspectedContainer[];
}

/** A pod that is ready: its address on its namespace's network, and the process that holds that network. */
export interface ReadyPod {
  readonly pod: string;
  readonly address: string;
  readonly pid: number;
}

/** How long to wait, and where to report. */
export interface Waiting {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly progress: (detail: string) => void;
}

/** How often a new pod is asked: often at first, since most are ready within a second. A probe's own period is for pods that serve; a person waits here. */
const POLL_MS = 200;
const FIRST_POLL_MS = 25;
const FIRST_MS = 2000;
/** Podman brings a container back at once; one that falls that often will not stand. */
const RESTARTS_THAT_FAIL = 2;
/** A probe by a program costs podman some 100 ms of CPU. */
const EXEC_PROBE_MS = 1000;
/** How long the containers of a pod without probes must run before they count as ready. */
const SETTLE_MS = 1000;

interface Watched {
  readonly plan: PodPlan;
  readonly container: Container;
  readonly log: LogCursor;
  /** Probes that have to pass, in order; empty when the container is ready. */
  readonly due: AnyProbe[];
  /** The pod's address on its namespace's network. */
  readonly address: string;
  /** In a pod without probes a container is ready when it still runs then; later, when it has fallen meanwhile. */
  settledAt: number;
  alive: boolean;
  /** Not asked before that time. */
  askAt: number;
  seen: InspectedContainer;
  why: string;
}

/**
 * Waits until every container of the pods has passed its startup and readiness probes. Containers without probes are ready when they run.
 * Errors: what an entrypoint names, `engine/crashed`, or `engine/not-ready` after the deadline; each with the container's last 100 lines.
 */
export async function awaitReady(machine: Machine, pods: readonly StartedPod[], waiting: Waiting): Promise<readonly ReadyPod[]> {
  const started = machine.clock.now();
  const until = started + waiting.deadlineMs;
  const ready = pods.map(readyPod);
  const watched = pods.flatMap((pod, index) => watch(machine, pod, ready[index]?.address ?? ""));
  let told = "";
  for (;;) {
    for (const one of watched) await lookAt(machine, one, waiting);
    await Promise.all(watched.map((one) => ask(machine, one)));
    const missing = watched.find((one) => one.due.length > 0 || one.settledAt > machine.clock.now() || !one.alive);
    if (missing === undefined) return ready;
    if (machine.clock.now() >= until) throw await notReady(missing, waiting.deadlineMs);
    const detail = `waiting for ${missing.container.name}: ${missing.why}`;
    if (detail !== told) waiting.progress(detail);
    told = detail;
    await machine.clock.sleep(machine.clock.now() - started < FIRST_MS ? FIRST_POLL_MS : POLL_MS, waiting.signal);
  }
}

/** How others reach a pod that was started. Error: `engine/crashed` when it has ended meanwhile. */
export function readyPod({
  plan,
  seen,
}: {
  readonly plan: Pick<PodPlan, "pod" | "network">;
  readonly seen: readonly InspectedContainer[];
}): ReadyPod {
  const infra = seen.find((container) => container.name === `${plan.pod}._infra`);
  const address = infra?.addresses[plan.network];
  if (infra === undefined || address === undefined)
    throw new HowdahError("engine/crashed", `The pod ${plan.pod} has no address on its network`);
  return { pod: plan.pod, address, pid: infra.pid };
}

function watch(machine: Machine, { plan, seen: inspected }: StartedPod, address: string): Watched[] {
  const seen = new Map(inspected.map((container) => [container.name, container]));
  // nginx' probe asks PHP, too: where one container says that the pod is ready, the others need not prove it by lasting.
  const isAsked = plan.spec.containers.some(({ startupProbe, readinessProbe }) => (startupProbe ?? readinessProbe) !== undefined);
  return plan.spec.containers.map((container) => {
    const found = seen.get(machine.names.container(plan.pod, container.name));
    if (found === undefined) throw new HowdahError("engine/crashed", `${container.name} vanished while it was started`);
    const due = [container.startupProbe, container.readinessProbe].filter((probe) => probe !== undefined);
    const settledAt = isAsked ? 0 : machine.clock.now() + SETTLE_MS;
    return { plan, container, log: logCursor(found.logPath), due, address, settledAt, alive: true, askAt: 0, seen: found, why: "starting" };
  });
}

/** Reads what the container says, and notices when it died. */
async function lookAt(machine: Machine, one: Watched, waiting: Waiting): Promise<void> {
  for (const line of await one.log.next()) {
    const said = entrypointLine(line.text);
    if (said?.event === "step") waiting.progress(said.message);
    if (said !== undefined) standAnew(machine, one); // it runs, but not yet what it is for
    if (said?.event === "failed") throw new HowdahError(said.code, said.message, { output: await wordsOf(one) });
  }
  one.alive = await isAlive(one.seen.pid);
  if (one.alive) return;
  standAnew(machine, one);
  const [now] = await machine.podman.inspect([machine.names.container(one.plan.pod, one.container.name)]);
  if (now === undefined) throw new HowdahError("engine/crashed", `${one.container.name} vanished while it was started`);
  // A container that was only created yet has no process either.
  const gaveUp = (now.status === "exited" || now.status === "stopped") && now.exitCode === 0;
  one.seen = now;
  if (now.restarts >= RESTARTS_THAT_FAIL || gaveUp) {
    for (const line of await one.log.next()) {
      const said = entrypointLine(line.text);
      if (said?.event === "failed") throw new HowdahError(said.code, said.message, { output: await wordsOf(one) });
    }
    throw new HowdahError("engine/crashed", `${one.container.name} ended with exit code ${now.exitCode} right after its start`, {
      output: await wordsOf(one),
    });
  }
}

/** On a busy machine a worker falls less than once a second: its second begins again with each fall, and with each step before its program. */
function standAnew(machine: Machine, one: Watched): void {
  if (one.settledAt > 0) one.settledAt = machine.clock.now() + SETTLE_MS;
}

async function ask(machine: Machine, one: Watched): Promise<void> {
  const [probe] = one.due;
  if (probe === undefined || machine.clock.now() < one.askAt) return;
  if ("exec" in probe) one.askAt = machine.clock.now() + EXEC_PROBE_MS;
  const answer = await probeOnce(probe, one.address, (command, timeoutMs) => execIn(machine, one.seen.name, command, timeoutMs));
  if (answer.ok) one.due.shift();
  else one.why = answer.why;
}

/** Runs a probe's program in a container. */
export async function execIn(machine: Machine, container: string, command: readonly string[], timeoutMs: number): Promise<number> {
  return (await machine.podman.run(["exec", container, ...command], { accept: "any", timeoutMs })).code;
}

async function isAlive(pid: number): Promise<boolean> {
  if (pid <= 0) return false;
  return access(`/proc/${pid}`).then(
    () => true,
    () => false,
  );
}

async function wordsOf(one: Watched): Promise<string[]> {
  return (await lastLines(one.seen.logPath, 100)).map((line) => line.text);
}

async function notReady(one: Watched, deadlineMs: number): Promise<HowdahError> {
  return new HowdahError("engine/not-ready", `${one.container.name} was not ready within ${deadlineMs / 1000} seconds: ${one.why}`, {
    output: await wordsOf(one),
  });
}

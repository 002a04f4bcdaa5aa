import type { Readable, Writable } from "node:stream";
import { stdin as processStdin, stdout as processStdout, stderr as processStderr } from "node:process";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ContainerName } from "../../kubernetes/kubernetes-api.ts";
import type { EngineContext, ExecRequest, Target } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { isOver, podsOf } from "./pods.ts";
import { isReady, type PodObject } from "./views.ts";

/**
 * Runs a program in a running container of the newest ready pod, or of the chosen replica (by the pods' ages). Kubernetes gives a program in
 * a container no variables and no other user: variables come by the container's own `env`, another user is refused.
 * Errors: `engine/not-ready` when no such container runs, `usage/invalid` for another user.
 */
export async function execProgram(cluster: Cluster, target: Target, request: ExecRequest, context: EngineContext): Promise<number> {
  if (request.user !== undefined) {
    throw new HowdahError("usage/invalid", "A cluster runs programs in a container as the container's own user", {
      hint: "Its pods have one user, and no way to another.",
    });
  }
  const pods = await podsOf(cluster, cluster.namespace(target.namespace), { role: "serve", workload: target.workload }, context.signal);
  const running = pods.filter((pod) => !isOver(pod) && runs(pod, target.container)).toSorted(newestReadyFirst);
  const pod = running[target.replica ?? 0];
  if (pod === undefined)
    throw new HowdahError("engine/not-ready", `No pod of ${target.workload} in ${target.namespace} runs a container "${target.container}"`);
  const name = { namespace: pod.metadata.namespace ?? "", pod: pod.metadata.name, container: target.container };
  return execIn(cluster, name, request, context.signal);
}

function runs({ status }: PodObject, container: string): boolean {
  return status?.containerStatuses?.some((one) => one.name === container && one.state?.running !== undefined) === true;
}

function newestReadyFirst(a: PodObject, b: PodObject): number {
  const age = ({ metadata }: PodObject): string => metadata.creationTimestamp ?? "";
  return Number(isReady(b)) - Number(isReady(a)) || (age(a) > age(b) ? -1 : age(a) < age(b) ? 1 : 0);
}

/** Runs a program in a container, with the caller's streams. */
export async function execIn(cluster: Cluster, container: ContainerName, request: ExecRequest, signal: AbortSignal): Promise<number> {
  const { argv, env = {}, tty = false } = request;
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const raw = tty && request.stdin === "inherit" && processStdin.isTTY;
  if (raw) processStdin.setRawMode(true);
  try {
    return await cluster.api.exec(
      container,
      {
        argv: variables.length === 0 ? argv : ["env", ...variables, ...argv],
        stdin: inputOf(request.stdin),
        stdout: outputOf(request.stdout, processStdout),
        stderr: tty ? undefined : outputOf(request.stderr, processStderr), // a terminal has one stream
        tty,
      },
      signal,
    );
  } finally {
    if (raw) processStdin.setRawMode(false);
    if (request.stdin === "inherit") processStdin.pause(); // else it keeps the process alive
  }
}

function inputOf(wanted: ExecRequest["stdin"]): Readable | undefined {
  if (wanted === undefined || wanted === "none") return undefined;
  return wanted === "inherit" ? processStdin : wanted;
}

/** Where a program's output goes. */
export function outputOf(wanted: ExecRequest["stdout"], own: Writable): Writable {
  return wanted === undefined || wanted === "inherit" ? own : wanted;
}

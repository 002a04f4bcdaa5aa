import { stderr as processStderr, stdout as processStdout } from "node:process";
import { createInterface } from "node:readline";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ContainerName, KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { entrypointLine } from "../entrypoint-line.ts";
import type { EngineContext, ExecRequest, Target } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { execIn, outputOf } from "./exec.ts";
import { PLACE_MS, podJudge } from "./judge-pods.ts";
import { type TimedLine, timedLine, warningsOf } from "./last-words.ts";
import { outlast } from "./outlast.ts";
import { removeOwn } from "./own-objects.ts";
import { oneOffTemplate } from "./one-off-pod.ts";
import { hasBegun, podTrouble } from "./pod-trouble.ts";
import { warnOf } from "./progress.ts";
import type { PodObject, PodTemplateObject } from "./views.ts";

/** A one-off program may take a day: a migration of a large database does. */
const DEADLINE_SECONDS = 86_400;
const LOOK_MS = 250;
/** The API has no word for all: more lines than a log can have. */
const ALL_LINES = 1_000_000_000;

/**
 * Runs a program in a pod of its own, like the target's, and removes it. Two ways, for two needs:
 * without standard input and terminal the program is the pod's own: when we are killed it goes on to its end (a migration must not be cut
 * off), and `collectGarbage` removes what it leaves. Its output is then what the kubelet logs: text, both streams in order, an end to its last line.
 * With input or a terminal the pod idles, and the program is run in it with the caller's streams, byte by byte.
 */
export async function runProgramOnce(cluster: Cluster, target: Target, request: ExecRequest, context: EngineContext): Promise<number> {
  const talks = request.tty === true || (request.stdin ?? "none") !== "none";
  const template = await oneOffTemplate(cluster, target, {
    role: "once",
    argv: talks ? "idle" : request.argv,
    env: request.env ?? {},
    ...(request.user === undefined ? {} : { user: request.user }),
    deadlineSeconds: DEADLINE_SECONDS,
  });
  const namespace = cluster.namespace(target.namespace);
  const podObject = onePod(template, namespace, target.workload, cluster.randomName());
  const pod = (await cluster.api.create(resources.Pod, podObject, context.signal)) as PodObject;
  const container = { namespace, pod: pod.metadata.name, container: target.container };
  try {
    await begun(cluster, pod, context);
    if (talks) {
      const { env: _given, user: _user, ...asked } = request; // the pod has both
      return await execIn(cluster, container, asked, context.signal);
    }
    return await outputAndEnd(cluster, pod, container, request, context.signal);
  } finally {
    await removeOwn(cluster, { resource: resources.Pod, namespace, name: pod.metadata.name }, { uid: pod.metadata.uid });
  }
}

function onePod({ metadata, spec }: PodTemplateObject, namespace: string, workload: string, random: string): KubeObject {
  return { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: `${workload.slice(0, 40)}-once-${random}`, namespace }, spec };
}

/** Waits until the pod's container runs or has run. Errors: those of `podJudge`, for what the cluster can't start. */
async function begun(cluster: Cluster, made: PodObject, context: EngineContext): Promise<void> {
  const judge = podJudge(cluster, {
    ...{ deadlineMs: Number.POSITIVE_INFINITY, placeMs: PLACE_MS, progress: () => undefined },
    trouble: warnOf(context, made.metadata.name),
  });
  for (;;) {
    const pod = await look(cluster, made, context.signal);
    if (hasBegun(pod) && podTrouble(pod)?.kind !== "wrong") return;
    await judge.look([pod]);
    await cluster.clock.sleep(LOOK_MS, context.signal);
  }
}

async function look(cluster: Cluster, { metadata }: PodObject, signal: AbortSignal): Promise<PodObject> {
  const name = { resource: resources.Pod, namespace: metadata.namespace, name: metadata.name };
  const pod = await outlast(cluster, () => cluster.api.get(name, signal), signal);
  if (pod !== undefined && pod.metadata.uid === metadata.uid) return pod as PodObject;
  throw new HowdahError("engine/crashed", `The pod ${metadata.name} was deleted while its program ran`);
}

/**
 * Hands on everything that the program says, from its first line, and answers its exit code. A log that breaks off (a node's log was rotated,
 * the API server went away) is opened again where it was. What an entrypoint says to Howdah was said on standard error.
 */
async function outputAndEnd(
  cluster: Cluster,
  made: PodObject,
  container: ContainerName,
  request: ExecRequest,
  signal: AbortSignal,
): Promise<number> {
  const stdout = outputOf(request.stdout, processStdout);
  const stderr = outputOf(request.stderr, processStderr);
  let last = "";
  for (;;) {
    // Looked at first: what ended by then has said all of its lines.
    const code = await exitCode(cluster, made, container.container, signal);
    for await (const { time, text } of linesOf(cluster, container, signal)) {
      if (time !== "" && time <= last) continue;
      last = time;
      (entrypointLine(text) === undefined ? stdout : stderr).write(`${text}\n`);
    }
    if (code !== undefined) return code;
    await cluster.clock.sleep(LOOK_MS, signal);
  }
}

async function* linesOf(cluster: Cluster, container: ContainerName, signal: AbortSignal): AsyncGenerator<TimedLine> {
  try {
    const stream = await cluster.api.logs(container, { follow: true, tail: ALL_LINES }, signal);
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) yield timedLine(line);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
  }
}

async function exitCode(cluster: Cluster, made: PodObject, container: string, signal: AbortSignal): Promise<number | undefined> {
  const pod = await look(cluster, made, signal);
  const ended = pod.status?.containerStatuses?.find(({ name }) => name === container)?.state?.terminated;
  if (ended !== undefined) return ended.exitCode;
  if (pod.status?.phase !== "Failed") return undefined;
  throw new HowdahError("engine/crashed", `The pod ${pod.metadata.name} failed: ${pod.status.reason ?? "its node is gone"}`, {
    output: await warningsOf(cluster, pod),
  });
}

import { randomBytes } from "node:crypto";
import { processIdentity } from "../../host/process-identity.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Container, PodSpec } from "../../render/objects.ts";
import type { EngineContext, ExecRequest, Target } from "../engine.ts";
import type { AttachOptions, AttachProcess } from "../process-port.ts";
import type { Machine } from "./machine.ts";
import { serverEntries } from "./hosts-file.ts";
import { label } from "./names.ts";
import { workloadOf } from "./networks.ts";
import { onceArguments, type PodPlan } from "./pod-arguments.ts";
import { ONCE } from "./pod-volumes.ts";
import { findPods, mountedFiles, secretNames, templateDigest, type Workload } from "./pods.ts";
import { objectsOf } from "./state-store.ts";

/** Runs a program in a running container of the newest ready pod, or of the chosen replica. Errors: `engine/not-ready` when none runs. */
export async function execProgram(
  machine: Machine,
  attach: AttachProcess,
  target: Target,
  request: ExecRequest,
  context: EngineContext,
): Promise<number> {
  const container = await runningContainer(machine, target);
  const argv = [
    "podman",
    "exec",
    "--interactive",
    ...(request.tty === true ? ["--tty"] : []),
    ...Object.entries(request.env ?? {}).map(([name, value]) => `--env=${name}=${value}`),
    ...(request.user === undefined ? [] : [`--user=${request.user}:${request.user}`]),
    container,
    ...request.argv,
  ];
  return attach(argv, streamsOf(request, context));
}

/**
 * Runs a program in a new container like the target's, beside the pod, and removes it. Works while the workload is down. When we are killed
 * the program goes on to its end (a migration must not be cut off), and {@link collectGarbage} removes what it leaves.
 */
export async function runProgramOnce(
  machine: Machine,
  attach: AttachProcess,
  target: Target,
  request: ExecRequest,
  context: EngineContext,
): Promise<number> {
  const { workload, container } = await appliedContainer(machine, target);
  const { names } = machine;
  const pod = `${names.pod(target.namespace, workload.metadata.name, templateDigest(workload.spec.template), 0)}${ONCE}${randomBytes(4).toString("hex")}`;
  await machine.firewall.ensure(names.network(target.namespace)); // may wait: before anything of ours is there to be taken for a dead one's
  const spec: PodSpec = { ...workload.spec.template.spec, containers: [container], initContainers: [] };
  const secretName = await secretNames(machine, target.namespace, [container]);
  const state = await machine.store.read(target.namespace);
  const plan: PodPlan = {
    pod,
    hostname: workload.metadata.name,
    network: names.network(target.namespace),
    aliases: [],
    labels: {
      [label.instance]: names.instance,
      [label.namespace]: target.namespace,
      [label.workload]: workload.metadata.name,
      [label.files]: mountedFiles(machine, target.namespace, state, { ...workload.spec.template, spec }),
      [label.owner]: await processIdentity(),
    },
    spec,
    // Empty directories of its own: it must not write into those of a pod that serves.
    volumes: await machine.volumes.prepare(target.namespace, pod, spec, state),
    secretName,
    limits: await machine.limits(),
    attempt: "", // who has a one-off migrate names the attempt in its environment
  };
  const once = {
    name: pod,
    argv: request.argv,
    tty: request.tty === true,
    env: request.env ?? {},
    ...(request.user === undefined ? {} : { user: request.user }),
    hosts: await serverEntries(machine, target.namespace),
  };
  try {
    return await attach(["podman", ...onceArguments(plan, container, once)], streamsOf(request, context));
  } finally {
    await machine.podman.run(["rm", "--force", "--ignore", "--time=1", pod], { accept: "any" });
    await machine.volumes.discard(pod);
  }
}

async function appliedContainer(machine: Machine, target: Target): Promise<{ workload: Workload; container: Container }> {
  const state = await machine.store.read(target.namespace);
  const all: Workload[] = [...objectsOf(state, "Deployment"), ...objectsOf(state, "StatefulSet")];
  const workload = target.desired ?? all.find((one) => one.metadata.name === target.workload);
  const container = workload?.spec.template.spec.containers.find((one) => one.name === target.container);
  if (workload !== undefined && container !== undefined) return { workload, container };
  throw new HowdahError("site/unknown", `${target.namespace} has no ${target.workload} with a container "${target.container}"`);
}

/** Name of the container that a target means. Error: `engine/not-ready` when none runs. */
export async function runningContainer(machine: Machine, target: Target): Promise<string> {
  const state = await machine.store.read(target.namespace);
  const pods = await findPods(machine, target.namespace, target.workload);
  const marks = await machine.marks.all();
  const running = pods.filter((pod) => isRunning(machine, pod.name, target.container, pod.containers));
  const current = running.filter((pod) => {
    const workload = workloadOf(state, pod);
    return workload !== undefined && templateDigest(workload.spec.template) === pod.template;
  });
  const candidates = (current.length > 0 ? current : running).toSorted(
    (a, b) => Number(marks.has(b.name)) - Number(marks.has(a.name)) || a.replica - b.replica,
  );
  const chosen = target.replica === undefined ? candidates[0] : candidates.find((pod) => pod.replica === target.replica);
  if (chosen !== undefined) return machine.names.container(chosen.name, target.container);
  throw new HowdahError("engine/not-ready", `No pod of ${target.workload} in ${target.namespace} runs a container "${target.container}"`);
}

function isRunning(machine: Machine, pod: string, container: string, containers: readonly { name: string; state: string }[]): boolean {
  return containers.some((one) => one.name === machine.names.container(pod, container) && one.state === "running");
}

function streamsOf(request: ExecRequest, context: EngineContext): AttachOptions {
  return {
    signal: context.signal,
    stdin: request.stdin ?? "none",
    stdout: request.stdout ?? "inherit",
    stderr: request.stderr ?? "inherit",
  };
}

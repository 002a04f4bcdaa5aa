import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Container } from "../../render/objects.ts";
import type { EngineContext, Target } from "../engine.ts";
import type { JobRequest, JobRun, Jobs } from "../jobs.ts";
import type { RunProcess } from "../process-port.ts";
import { type ContainerProcess, containerProcess, environmentOf, type RuntimePaths, runtimePaths } from "./container-process.ts";
import { cronLog, JOB_MARK, type JobPaths, RUN_LOG_BYTES, readCard, readRun, removeJob, writeCard, writeWhy } from "./job-files.ts";
import { jobList } from "./job-list.ts";
import type { Names } from "./names.ts";
import type { Podman } from "./podman-cli.ts";
import { templateDigest } from "./pods.ts";
import { endProcesses } from "./process-tree.ts";
import { isReady, type ReadyMarks } from "./ready-marks.ts";
import type { SecretStore } from "./secret-store.ts";
import { type NamespaceState, objectsOf, type StateStore } from "./state-store.ts";

/** What running jobs needs of a machine. */
export interface PodmanJobsPorts {
  readonly names: Names;
  readonly podman: Podman;
  readonly run: RunProcess;
  readonly store: StateStore;
  readonly secrets: Pick<SecretStore, "read">;
  readonly marks: ReadyMarks;
  readonly clock: Clock;
  readonly runDir: string;
}

/** Jobs, and what the rest of the engine asks of them. */
export interface PodmanJobs extends Jobs {
  /** Running jobs of these pods: a pod that is retired waits for them. */
  runningIn(pods: ReadonlySet<string>): Promise<readonly JobRun[]>;
  /** Ends all of a namespace's, or those of one pod. */
  stopAll(namespace: string, why: string): Promise<void>;
}

/** Which pod and container a job goes into. */
interface Place {
  readonly pod: string;
  /** The process that holds the pod's network. */
  readonly infra: number;
  readonly container: Container;
}

/** A container that was looked at, as long as it is the same process. */
interface Known extends ContainerProcess {
  readonly pid: number;
  readonly infra: number;
}

const POLL_MS = 10;
const START_MS = 30_000;
const STOP_POLL_MS = 50;

/**
 * Jobs on podman: conmon watches each, as it does for podman's own, and the container's runtime starts it inside. Podman itself would take
 * 135 ms of CPU for a start, this way takes 45 (`npm run bench -- crons`): a thousand a minute fit on two cores.
 * conmon belongs to nobody of ours: it writes the log and the exit code whatever becomes of the agent.
 */
export function podmanJobs(ports: PodmanJobsPorts): PodmanJobs {
  const { runDir } = ports;
  const known = new Map<string, Known>();
  let asked: Promise<RuntimePaths> | undefined;
  const paths = (): Promise<RuntimePaths> =>
    (asked ??= runtimePaths(ports.podman).catch((error: unknown) => {
      asked = undefined;
      throw error;
    }));
  const list = jobList(runDir);
  const stop = async (id: string, why: string): Promise<void> => {
    await writeWhy(runDir, id, why);
    // A start that is under way shows no process yet: it is waited for, and ended then.
    for (;;) {
      await endProcesses(`${JOB_MARK}=${id}`, ports.clock);
      const card = await readCard(runDir, id);
      if (card === undefined || (await readRun(runDir, card)).state.is === "ended") return;
      await ports.clock.sleep(STOP_POLL_MS);
    }
  };
  return {
    list,
    stop,
    start: async (target, request, context) => {
      const place = await placeOf(ports, target);
      const name = ports.names.container(place.pod, place.container.name);
      try {
        const container = await lookUp(ports, known, name, place);
        await startIn(ports, await paths(), { target, request, place, container }, context);
      } catch (error) {
        known.delete(name); // whatever it was, look again the next time
        throw error;
      }
    },
    forget: (id) => removeJob(runDir, id),
    runningIn: async (pods) => (await list()).filter((run) => pods.has(run.pod) && run.state.is === "running"),
    stopAll: async (namespace, why) => {
      const running = (await list(namespace)).filter((run) => run.state.is === "running");
      await Promise.all(running.map((run) => stop(run.id, why)));
    },
  };
}

/** The first replica of what is wanted that is ready: no call of podman, since a thousand crons ask in a minute. */
async function placeOf(ports: PodmanJobsPorts, target: Target): Promise<Place> {
  const { namespace } = target;
  const state = await ports.store.read(namespace);
  requireAwake(namespace, state);
  const workload = objectsOf(state, "Deployment").find((one) => one.metadata.name === target.workload);
  const container = workload?.spec.template.spec.containers.find((one) => one.name === target.container);
  if (workload === undefined || container === undefined)
    throw new HowdahError("site/unknown", `${namespace} has no ${target.workload} with a container "${target.container}"`);
  const marks = await ports.marks.all();
  const digest = templateDigest(workload.spec.template);
  const pods = Array.from({ length: workload.spec.replicas }, (_, replica) =>
    ports.names.pod(namespace, workload.metadata.name, digest, replica),
  );
  const ready = pods.map((pod) => marks.get(pod));
  // A pod in doubt serves while there is no other: what is good enough for visitors is for crons.
  const mark = ready.find((one) => isReady(one)) ?? ready.find((one) => one !== undefined);
  if (mark === undefined) throw new HowdahError("engine/not-ready", `No pod of ${target.workload} in ${namespace} is ready`);
  return { pod: mark.pod, infra: mark.pid, container };
}

/** Error: `site/down` for a site that was stopped, or that a rollout holds. */
export function requireAwake(namespace: string, state: NamespaceState): void {
  if (state.down) throw new HowdahError("site/down", `${namespace} was stopped`);
  if (state.held !== undefined) throw new HowdahError("site/down", `${namespace} is held by a rollout`);
}

/** podman is asked once for each container: the answer holds until its pod or its process is another one. */
async function lookUp(ports: PodmanJobsPorts, known: Map<string, Known>, name: string, place: Place): Promise<Known> {
  const before = known.get(name);
  if (before !== undefined && before.infra === place.infra && (await isIn(before))) return before;
  const found = { ...(await containerProcess(ports.podman, name)), infra: place.infra };
  known.set(name, found);
  return found;
}

/** True while the process is still the container's own: the control group carries the container's id. */
async function isIn(container: Known): Promise<boolean> {
  const groups = await readFile(`/proc/${container.pid}/cgroup`, "utf8").catch(() => "");
  return groups.includes(container.id);
}

async function startIn(
  ports: PodmanJobsPorts,
  programs: RuntimePaths,
  job: { readonly target: Target; readonly request: JobRequest; readonly place: Place; readonly container: ContainerProcess },
  context: EngineContext,
): Promise<void> {
  const { request, place, container, target } = job;
  const card = {
    id: request.id,
    namespace: target.namespace,
    name: request.name,
    pod: place.pod,
    container: container.id,
    startedAt: ports.clock.now(),
    timeoutSeconds: request.timeoutSeconds,
    ...(request.planned === undefined ? {} : { planned: request.planned }),
  };
  const own = Object.entries({ ...request.env, [JOB_MARK]: request.id }).map(([name, value]) => `${name}=${value}`);
  const env = [...(await environmentOf(container, place.container, ports.secrets, target.namespace)), ...own];
  const log = await cronLog(ports.store.directory(target.namespace), request.name);
  const files = await writeCard(ports.runDir, card);
  try {
    // Whoever holds the site from now on sees the card, and ends what it stands for; who did before is seen here.
    requireAwake(target.namespace, await ports.store.read(target.namespace));
    await writeFile(files.spec, JSON.stringify({ ...container.process, terminal: false, env, args: request.argv }), { mode: 0o600 });
    await ports.run(conmonArguments(programs, { card, files, container, log }), { signal: context.signal });
    await awaitStart(ports, files, request);
  } catch (error) {
    await removeJob(ports.runDir, request.id);
    throw error;
  } finally {
    await rm(files.spec, { force: true }); // the runtime has read it; there are secrets in it
  }
}

function conmonArguments(
  programs: RuntimePaths,
  job: {
    readonly card: { readonly id: string; readonly name: string };
    readonly files: JobPaths;
    readonly container: ContainerProcess;
    readonly log: string;
  },
): string[] {
  const { files, container } = job;
  return [
    programs.conmon,
    "--api-version=1",
    `--cid=${container.id}`,
    `--cuuid=${job.card.id}`,
    `--name=${job.card.name}`,
    "--exec",
    `--exec-process-spec=${files.spec}`,
    // conmon makes sockets and pipes there: in the container's own directory, runs that start at once would take each other's away.
    `--bundle=${files.directory}`,
    `--runtime=${programs.runtime}`,
    "--runtime-arg=--log-format=json",
    `--runtime-arg=--log=${files.runtimeLog}`,
    ...(programs.systemd ? ["--systemd-cgroup"] : []),
    `--container-pidfile=${files.program}`,
    `--conmon-pidfile=${files.watcher}`,
    `--exit-dir=${files.exits}`,
    `--log-path=k8s-file:${job.log}`,
    `--log-size-max=${RUN_LOG_BYTES}`,
    "--log-level=error",
    "--full-attach",
  ];
}

/** conmon goes into the background at once; the program runs when the runtime has written its process id. */
async function awaitStart(ports: PodmanJobsPorts, files: JobPaths, request: JobRequest): Promise<void> {
  const until = ports.clock.now() + START_MS;
  for (;;) {
    if ((await numberIn(files.program)) !== undefined) return;
    const watcher = await numberIn(files.watcher);
    if (watcher !== undefined && !(await lives(watcher)) && (await numberIn(files.program)) === undefined) {
      throw await startFailure(files, request);
    }
    if (ports.clock.now() > until)
      throw new HowdahError("engine/not-ready", `${request.argv[0]} was not started within ${START_MS / 1000} seconds`);
    await ports.clock.sleep(POLL_MS);
  }
}

async function numberIn(path: string): Promise<number | undefined> {
  const text = (await readFile(path, "utf8").catch(() => "")).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

async function lives(pid: number): Promise<boolean> {
  const stat = await readFile(join("/proc", String(pid), "stat"), "utf8").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** What the runtime says of a program that it can't start. */
async function startFailure(files: JobPaths, request: JobRequest): Promise<HowdahError> {
  const lines = (await readFile(files.runtimeLog, "utf8").catch(() => ""))
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  const words = lines.map((line) => {
    try {
      return (JSON.parse(line) as { msg?: string }).msg ?? line;
    } catch {
      return line;
    }
  });
  return new HowdahError("engine/crashed", `${request.argv[0]} can't be started: ${words.at(-1) ?? "the runtime does not say why"}`, {
    output: words,
  });
}

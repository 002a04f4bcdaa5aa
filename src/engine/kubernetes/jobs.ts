import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext, Target } from "../engine.ts";
import type { JobRequest, JobRun, Jobs } from "../jobs.ts";
import type { Cluster } from "./cluster.ts";
import { readState } from "./engine-state.ts";
import { mark, ownedLabels } from "./marks.ts";
import { LOOK_MS } from "./judge-pods.ts";
import { nameOf, ownOfKind, removeOwn } from "./own-objects.ts";
import { oneOffTemplate } from "./one-off-pod.ts";
import { podsOf } from "./pods.ts";
import { holds, type JobObject, type PodObject } from "./views.ts";

/** Whoever schedules ends a run that takes too long, and says why; should nobody be there, Kubernetes does so long after. */
const BEYOND_TIMEOUT_SECONDS = 120;
/** A run that nobody forgets (its scheduler is gone for good) goes after a day. */
const KEPT_SECONDS = 86_400;

/**
 * Crons as Kubernetes Jobs, one for each run: they outlive whoever starts them, on whichever node has room. A run is started when the API
 * server has its Job; its pod follows in a second or two, and one that can't be started ends by its timeout.
 */
export function kubernetesJobs(cluster: Cluster): Jobs {
  return {
    start: (target, request, context) => start(cluster, target, request, context),
    list: async (namespace) => {
      const space = namespace === undefined ? undefined : cluster.namespace(namespace);
      const [jobs, pods] = await Promise.all([ownOfKind(cluster, resources.Job, space), podsOf(cluster, space, { role: "job" })]);
      const byRun = new Map(pods.map((pod) => [pod.metadata.labels?.[mark.run], pod]));
      return jobs
        .flatMap((job) => runOf(cluster, job as JobObject, byRun.get(job.metadata.labels?.[mark.run])) ?? [])
        .toSorted((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
    },
    stop: async (id, why) => {
      for (const job of await jobsOf(cluster, id)) await stop(cluster, job, why);
    },
    forget: async (id) => {
      for (const job of await jobsOf(cluster, id)) await removeOwn(cluster, nameOf(job), { uid: job.metadata.uid });
    },
  };
}

/** Ends all runs of a namespace, given by its name in the cluster, and waits until nothing of them is left. */
export async function stopJobs(cluster: Cluster, namespace: string, why: string): Promise<void> {
  const jobs = (await ownOfKind(cluster, resources.Job, namespace)) as readonly JobObject[];
  await Promise.all(jobs.filter((job) => endOf(job) === undefined).map((job) => stop(cluster, job, why)));
}

async function jobsOf(cluster: Cluster, id: string): Promise<readonly JobObject[]> {
  return ownOfKind(cluster, resources.Job, undefined, { [mark.run]: id });
}

async function start(cluster: Cluster, target: Target, request: JobRequest, context: EngineContext): Promise<void> {
  const namespace = cluster.namespace(target.namespace);
  const state = await readState(cluster, namespace);
  if (state.down) throw new HowdahError("site/down", `${target.namespace} was stopped`);
  if (state.held !== undefined) throw new HowdahError("site/down", `${target.namespace} is held by a rollout`);
  const labels = { [mark.run]: request.id, [mark.cron]: request.name };
  const template = await oneOffTemplate(cluster, target, {
    role: "job",
    argv: request.argv,
    env: request.env,
    deadlineSeconds: request.timeoutSeconds + BEYOND_TIMEOUT_SECONDS,
    labels,
  });
  const annotations = {
    [mark.timeout]: String(request.timeoutSeconds),
    ...(request.planned === undefined ? {} : { [mark.planned]: String(request.planned) }),
  };
  const job: KubeObject = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: `run-${request.id}`, namespace, labels: { ...ownedLabels, ...labels }, annotations },
    spec: {
      backoffLimit: 0, // our scheduler decides what is started again
      completions: 1,
      parallelism: 1,
      activeDeadlineSeconds: request.timeoutSeconds + BEYOND_TIMEOUT_SECONDS,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template,
    },
  };
  await cluster.api.create(resources.Job, job, context.signal);
  // Whoever holds or stops the site from now on sees the Job; who did before is seen here.
  const { down, held } = await readState(cluster, namespace);
  if (!down && held === undefined) return;
  await removeOwn(cluster, nameOf(job));
  throw new HowdahError("site/down", `${target.namespace} was stopped or held meanwhile`);
}

/** Kubernetes ends the pod (TERM, then KILL after its grace) when the Job's time is over: so that is what it is told. */
async function stop(cluster: Cluster, job: JobObject, why: string): Promise<void> {
  if (endOf(job) !== undefined) return;
  const { namespace, uid, labels } = job.metadata;
  try {
    await cluster.api.mergePatch(nameOf(job), {
      metadata: { ...(uid === undefined ? {} : { uid }), annotations: { [mark.stopped]: why } },
      spec: { activeDeadlineSeconds: 1 },
    });
  } catch (error) {
    if ((await cluster.api.get(nameOf(job))) === undefined) return; // forgotten meanwhile
    throw error;
  }
  for (;;) {
    const now: JobObject | undefined = await cluster.api.get(nameOf(job));
    const pods = (await podsOf(cluster, namespace, { role: "job" })).filter(
      (pod) => pod.metadata.labels?.[mark.run] === labels?.[mark.run],
    );
    const ended = pods.every((pod) => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed");
    if (now === undefined || (ended && endOf(now) !== undefined)) return;
    await cluster.clock.sleep(LOOK_MS);
  }
}

interface JobEnd {
  readonly succeeded: boolean;
  readonly at: string | undefined;
  readonly why: string | undefined;
}

function endOf({ status = {} }: JobObject): JobEnd | undefined {
  if (holds(status.conditions, "Complete")) return { succeeded: true, at: status.completionTime, why: undefined };
  const failed = status.conditions?.find((one) => one.type === "Failed" && one.status === "True");
  return failed === undefined ? undefined : { succeeded: false, at: failed.lastTransitionTime, why: failed.reason };
}

function runOf(cluster: Cluster, job: JobObject, pod: PodObject | undefined): JobRun | undefined {
  const { labels = {}, annotations = {}, creationTimestamp = "", namespace: space = "" } = job.metadata;
  const id = labels[mark.run];
  const { prefix } = cluster.settings;
  if (id === undefined || !space.startsWith(prefix)) return undefined;
  const startedAt = Date.parse(job.status?.startTime ?? creationTimestamp);
  const planned = annotations[mark.planned];
  return {
    id,
    namespace: space.slice(prefix.length),
    name: labels[mark.cron] ?? "",
    pod: pod?.metadata.name ?? "",
    startedAt,
    timeoutSeconds: Number(annotations[mark.timeout] ?? 0),
    ...(planned === undefined ? {} : { planned: Number(planned) }),
    state: stateOf(job, pod, cluster.clock.now() - startedAt),
  };
}

function stateOf(job: JobObject, pod: PodObject | undefined, elapsedMs: number): JobRun["state"] {
  const end = endOf(job);
  const terminated = pod?.status?.containerStatuses?.[0]?.state?.terminated;
  if (end === undefined) return { is: "running", elapsedMs: Math.max(0, elapsedMs) };
  const late = end.why === "DeadlineExceeded" ? "it took longer than its time" : undefined;
  const stopped = job.metadata.annotations?.[mark.stopped] ?? late;
  return {
    is: "ended",
    exitCode: end.succeeded ? 0 : (terminated?.exitCode ?? null),
    endedAt: Date.parse(terminated?.finishedAt ?? end.at ?? job.metadata.creationTimestamp ?? ""),
    ...(stopped === undefined ? {} : { stopped }),
  };
}

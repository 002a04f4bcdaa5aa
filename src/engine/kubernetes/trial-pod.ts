import { HEALTH_ANNOTATION } from "../../kernel/label.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { passHealthPage } from "./health-page.ts";
import { LOOK_MS, podJudge } from "./judge-pods.ts";
import { outlast } from "./outlast.ts";
import { removeOwn } from "./own-objects.ts";
import { madeFrom, podsOf } from "./pods.ts";
import { templateFor } from "./place.ts";
import type { PodObject, WorkloadObject } from "./views.ts";

/** What a trial is about. */
export interface Trial {
  /** The Deployment as it is to be, placed. */
  readonly wanted: WorkloadObject;
  /** As it is: the trial's pod belongs to it, and goes with it. */
  readonly live: WorkloadObject;
  readonly progress: (detail: string) => void;
}

/**
 * Tries a new template before anything that serves is touched: one pod of it, outside of every Service, must become ready and answer the
 * page that the Deployment's annotation names. The pod is gone afterwards, however it went.
 * Errors: those of `podJudge`, `site/unhealthy`, `cancelled` by the signal.
 */
export async function tryTemplate(cluster: Cluster, { wanted, live, progress }: Trial, context: EngineContext): Promise<void> {
  const { namespace = "" } = live.metadata;
  const deadlineMs = (wanted.spec.progressDeadlineSeconds ?? 600) * 1000;
  await removeTrials(cluster, namespace, live.metadata.name); // of a caller that was killed
  const made = await cluster.api.create(resources.Pod, trialPod(wanted, live, cluster.randomName()), context.signal);
  try {
    progress("a pod of the new release is tried");
    const pod = await becomeReady(cluster, made as PodObject, { deadlineMs, progress }, context.signal);
    await context.reached?.("ask");
    const page = wanted.metadata.annotations?.[HEALTH_ANNOTATION];
    if (page !== undefined) await passHealthPage(cluster, pod, new URL(page), { deadlineMs, signal: context.signal });
  } finally {
    await removeTrials(cluster, namespace, live.metadata.name);
  }
}

/** Nobody visits a trial: it need not finish anything. */
const GRACE_SECONDS = 2;

/** Takes away the pods of trials. They serve nobody: nothing waits for their end. */
async function removeTrials(cluster: Cluster, namespace: string, workload: string): Promise<void> {
  const pods = await podsOf(cluster, namespace, { role: "trial", workload });
  for (const { metadata } of pods)
    await removeOwn(
      cluster,
      { resource: resources.Pod, namespace, name: metadata.name },
      { uid: metadata.uid, graceSeconds: GRACE_SECONDS },
    );
}

function trialPod(wanted: WorkloadObject, live: WorkloadObject, name: string): KubeObject {
  const workload = live.metadata.name;
  const { metadata, spec } = templateFor(wanted.spec.template, "trial", workload, madeFrom(wanted.spec.template) ?? "");
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...metadata,
      name: `${workload.slice(0, 40)}-trial-${name}`,
      namespace: live.metadata.namespace ?? "",
      ownerReferences: [{ apiVersion: live.apiVersion, kind: live.kind, name: workload, uid: live.metadata.uid ?? "" }],
    },
    spec,
  };
}

async function becomeReady(
  cluster: Cluster,
  made: PodObject,
  patience: { readonly deadlineMs: number; readonly progress: (detail: string) => void },
  signal: AbortSignal,
): Promise<PodObject> {
  const judge = podJudge(cluster, patience);
  const name = { resource: resources.Pod, namespace: made.metadata.namespace, name: made.metadata.name };
  for (;;) {
    const pod = ((await outlast(cluster, () => cluster.api.get(name, signal), signal)) ?? gone(made)) as PodObject;
    if (await judge.look([pod])) return pod;
    await cluster.clock.sleep(LOOK_MS, signal);
  }
}

/** Somebody deleted it, or its node was taken away: the trial says nothing then. */
function gone(pod: PodObject): PodObject {
  return { ...pod, status: { phase: "Failed", reason: "Deleted", message: "it was deleted while it was tried" } };
}

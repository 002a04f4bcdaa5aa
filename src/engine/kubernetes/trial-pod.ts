import { HowdahError } from "../../kernel/howdah-error.ts";
import { HEALTH_ANNOTATION } from "../../kernel/label.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { passHealthPage } from "./health-page.ts";
import { LOOK_MS, type Patience, podJudge } from "./judge-pods.ts";
import { outlast } from "./outlast.ts";
import { removeOwn } from "./own-objects.ts";
import { madeFrom, podsOf } from "./pods.ts";
import { templateFor } from "./place.ts";
import { isReady, type PodObject, type WorkloadObject } from "./views.ts";

/** What a trial is about. */
export interface Trial {
  /** The Deployment as it is to be, placed. */
  readonly wanted: WorkloadObject;
  /** As it is: the trial's pod belongs to it, and goes with it. */
  readonly live: WorkloadObject;
  readonly progress: Patience["progress"];
  readonly trouble: NonNullable<Patience["trouble"]>;
}

/** Nodes are drained one after another, so one trial may meet more than one of them; who takes pods away for ever is somebody else. */
const TRIALS = 3;

/**
 * Tries a new template before anything that serves is touched: one pod of it, outside of every Service, must become ready and answer the
 * page that the Deployment's annotation names. The pod is gone afterwards, however it went. One that is taken away meanwhile (its node is
 * drained, or lost) says nothing of the release: another is made.
 * Errors: those of `podJudge`, `site/unhealthy`, `cancelled` by the signal; `engine/not-ready` when each one is taken away.
 */
export async function tryTemplate(cluster: Cluster, trial: Trial, context: EngineContext): Promise<void> {
  for (let count = 1; count <= TRIALS; count++) if ((await tryPod(cluster, trial, context)) === "well") return;
  const message = `A pod of the new release was taken away while it was tried, ${String(TRIALS)} times`;
  throw new HowdahError("engine/not-ready", message, {
    hint: "Is a node drained just now, or are pods evicted? Deploy again when that is over.",
  });
}

async function tryPod(
  cluster: Cluster,
  { wanted, live, progress, trouble }: Trial,
  context: EngineContext,
): Promise<"well" | "taken away"> {
  const { namespace = "" } = live.metadata;
  const deadlineMs = (wanted.spec.progressDeadlineSeconds ?? 600) * 1000;
  await removeTrials(cluster, namespace, live.metadata.name); // of a caller that was killed
  const made = await cluster.api.create(resources.Pod, trialPod(wanted, live, cluster.randomName()), context.signal);
  try {
    progress("a pod of the new release is tried");
    const pod = await becomeReady(cluster, made as PodObject, { deadlineMs, progress, trouble }, context.signal);
    if (pod === undefined) return "taken away";
    await context.reached?.("ask");
    const page = wanted.metadata.annotations?.[HEALTH_ANNOTATION];
    const isUnready = async (): Promise<boolean> => {
      const now = await stillThere(cluster, pod, context.signal);
      return now !== undefined && !isReady(now);
    };
    if (page !== undefined) await passHealthPage(cluster, pod, new URL(page), { deadlineMs, signal: context.signal, isUnready });
    return "well";
  } catch (error) {
    if (context.signal.aborted || (await stillThere(cluster, made as PodObject, context.signal)) !== undefined) throw error;
    return "taken away";
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
      // As its controller: `kubectl drain` refuses a node with a pod that has none. Another pod is made then.
      ownerReferences: [{ apiVersion: live.apiVersion, kind: live.kind, name: workload, uid: live.metadata.uid ?? "", controller: true }],
    },
    spec,
  };
}

/** Undefined: it was taken away. */
async function becomeReady(cluster: Cluster, made: PodObject, patience: Patience, signal: AbortSignal): Promise<PodObject | undefined> {
  const judge = podJudge(cluster, patience);
  for (;;) {
    const pod = await stillThere(cluster, made, signal);
    if (pod === undefined || (await judge.look([pod]))) return pod;
    await cluster.clock.sleep(LOOK_MS, signal);
  }
}

/** The pod as it is now; undefined when somebody has deleted it, or it is on its way out. */
async function stillThere(cluster: Cluster, { metadata }: PodObject, signal: AbortSignal): Promise<PodObject | undefined> {
  const name = { resource: resources.Pod, namespace: metadata.namespace, name: metadata.name };
  const pod = (await outlast(cluster, () => cluster.api.get(name, signal), signal)) as PodObject | undefined;
  return pod?.metadata.deletionTimestamp === undefined ? pod : undefined;
}

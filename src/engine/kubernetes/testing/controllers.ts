import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../../kubernetes/kubernetes-api.ts";
import { resources } from "../../../kubernetes/resources.ts";
import type { MemoryApi } from "../../../kubernetes/testing/memory-api.ts";
import { canonicalJson } from "../../../render/rendered.ts";
import type { JobObject, PodObject, WorkloadObject } from "../views.ts";

/** What the controllers of a cluster do at one moment, as far as the engine waits for it. Level-based, like the real ones. */
export async function runControllers(api: MemoryApi, startPod: (pod: PodObject) => Promise<PodObject["status"]>): Promise<void> {
  for (const pod of api.all("Pod") as PodObject[]) {
    const ended = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    const isReady = pod.status?.containerStatuses?.every(({ ready }) => ready) === true && pod.status.containerStatuses.length > 0;
    if (!ended && !isReady) await setStatus(api, pod, await startPod(pod));
  }
  for (const kind of ["Deployment", "StatefulSet"] as const)
    for (const one of api.all(kind) as WorkloadObject[]) await (kind === "Deployment" ? rollDeployment(api, one) : rollStateful(api, one));
  for (const job of api.all("Job") as JobObject[]) await runJob(api, job);
  const alive = new Set([...api.all("Deployment"), ...api.all("StatefulSet"), ...api.all("Job")].map(({ metadata }) => metadata.uid));
  for (const pod of api.all("Pod"))
    if (pod.metadata.ownerReferences?.some(({ uid }) => !alive.has(uid)) === true) await deletePod(api, pod);
}

async function setStatus(api: MemoryApi, object: KubeObject, status: unknown): Promise<void> {
  const resource = resources[object.kind as "Pod"];
  const live = await api.get({ resource, namespace: object.metadata.namespace, name: object.metadata.name });
  if (live === undefined || isDeepStrictEqual(live["status"], status)) return;
  await api.replace(resource, { ...live, status }, { subresource: "status" });
}

async function deletePod(api: MemoryApi, { metadata }: KubeObject): Promise<void> {
  await api.delete(
    { resource: resources.Pod, namespace: metadata.namespace, name: metadata.name },
    { preconditions: { uid: metadata.uid ?? "" } },
  );
}

/** Those that were made here: a trial's pod names the Deployment as its controller, too, but no ReplicaSet, so no real controller counts it. */
function podsOf(api: MemoryApi, owner: KubeObject): PodObject[] {
  return (api.all("Pod") as PodObject[]).filter(
    ({ metadata: { annotations, ownerReferences } }) =>
      annotations?.["test/template"] !== undefined &&
      ownerReferences?.some(({ uid, controller }) => uid === owner.metadata.uid && controller === true) === true,
  );
}

let pods = 0;

async function makePod(api: MemoryApi, owner: KubeObject, template: WorkloadObject["spec"]["template"], name?: string): Promise<void> {
  pods += 1;
  await api.create(resources.Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...template.metadata,
      annotations: { ...template.metadata?.annotations, "test/template": textOf(template) },
      name: name ?? `${owner.metadata.name}-${String(pods).padStart(5, "0")}`,
      namespace: owner.metadata.namespace ?? "",
      ownerReferences: [
        { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid ?? "", controller: true },
      ],
    },
    spec: template.spec,
  });
}

/** What the API in memory hands out is frozen, so that a template's text need not be made again at every look. */
const texts = new WeakMap<object, string>();

function textOf(template: WorkloadObject["spec"]["template"]): string {
  const text = texts.get(template) ?? canonicalJson(template);
  texts.set(template, text);
  return text;
}

function isCurrent(pod: PodObject, { spec }: WorkloadObject): boolean {
  return pod.metadata.annotations?.["test/template"] === textOf(spec.template);
}

function isReady({ status }: PodObject): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

/** New pods first; the former go when as many new ones are ready. */
async function rollDeployment(api: MemoryApi, deployment: WorkloadObject): Promise<void> {
  const wanted = deployment.spec.replicas ?? 1;
  const all = podsOf(api, deployment);
  const current = all.filter((pod) => isCurrent(pod, deployment));
  const former = all.filter((pod) => !isCurrent(pod, deployment));
  for (let missing = wanted - current.length; missing > 0; missing--) await makePod(api, deployment, deployment.spec.template);
  for (const pod of current.slice(wanted)) await deletePod(api, pod);
  if (current.filter(isReady).length >= wanted) for (const pod of former) await deletePod(api, pod);
  await tellCounts(api, deployment);
}

/** One pod, replaced in place; one that never got ready stays until somebody deletes it, as with the real controller. */
async function rollStateful(api: MemoryApi, set: WorkloadObject): Promise<void> {
  const [pod, wanted] = [podsOf(api, set)[0], set.spec.replicas ?? 1];
  if (pod === undefined && wanted > 0) await makePod(api, set, set.spec.template, `${set.metadata.name}-0`);
  else if (pod !== undefined && (wanted === 0 || (!isCurrent(pod, set) && isReady(pod)))) await deletePod(api, pod);
  await tellCounts(api, set);
}

async function tellCounts(api: MemoryApi, workload: WorkloadObject): Promise<void> {
  const all = podsOf(api, workload);
  const current = all.filter((pod) => isCurrent(pod, workload));
  await setStatus(api, workload, {
    observedGeneration: workload.metadata.generation,
    replicas: all.length,
    updatedReplicas: current.length,
    readyReplicas: all.filter(isReady).length,
    availableReplicas: all.filter(isReady).length,
  });
}

async function runJob(api: MemoryApi, job: JobObject): Promise<void> {
  if (job.status?.conditions !== undefined) return;
  const spec = job["spec"] as { template: WorkloadObject["spec"]["template"]; activeDeadlineSeconds: number };
  const [pod] = podsOf(api, job);
  if (spec.activeDeadlineSeconds <= 1) {
    if (pod !== undefined) await deletePod(api, pod);
    await setStatus(api, job, { conditions: [{ type: "Failed", status: "True", reason: "DeadlineExceeded" }] });
  } else if (pod === undefined) await makePod(api, job, spec.template);
  else if (pod.status?.phase === "Succeeded") await setStatus(api, job, { conditions: [{ type: "Complete", status: "True" }] });
  else if (pod.status?.phase === "Failed")
    await setStatus(api, job, { conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded" }] });
}

import { HAND_OVER_ANNOTATION, LABEL_PREFIX } from "../../kernel/label.ts";
import { CLOSED_QUOTA } from "../../kernel/own-names.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import { PRODUCTION } from "../../workflows/cluster/cluster-place.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { statusOf } from "../status.ts";
import { rests } from "./suspension.ts";

/** On a Job that runs again when its tenant is resumed. */
const PAUSED = `${LABEL_PREFIX}/paused`;

type Api = Pick<OperatorPorts, "api">["api"];

/** How many pods may be in a namespace of a suspended tenant; undefined: as many as its quota says. */
export async function podsAllowed(tenant: KubeObject, namespace: string, api: Api, signal: AbortSignal): Promise<number | undefined> {
  const suspended = (tenant["spec"] as { readonly suspended?: unknown } | undefined)?.suspended === true;
  if (!suspended || tenant.metadata.annotations?.[HAND_OVER_ANNOTATION] !== undefined) return undefined;
  const environment = await api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal);
  if (environment === undefined) return 0;
  // Its page's pod starts beside what serves: a bound that came before would keep visitors from reading it.
  return rests(statusOf<EnvironmentStatus>(environment)) || (await isClosed(namespace, api, signal)) ? 1 : undefined;
}

/** Whether a namespace lets no pods in: of a tenant that is suspended, or was a moment ago. */
export async function isClosed(namespace: string, api: Api, signal: AbortSignal): Promise<boolean> {
  return (await api.get({ resource: resources.ResourceQuota, namespace, name: CLOSED_QUOTA }, signal)) !== undefined;
}

interface JobObject extends KubeObject {
  readonly spec?: { readonly suspend?: boolean };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/**
 * Ends what runs beside the page, whoever started it: a bound stops only what comes later. Jobs are paused, which counts as no failure of theirs; pods
 * of other controllers come back when the bound goes.
 */
export async function endOthers(namespace: string, api: Api, signal: AbortSignal): Promise<void> {
  for (const job of (await api.list(resources.Job, { namespace }, signal)).items as readonly JobObject[]) {
    if (isOver(job) || job.spec?.suspend === true) continue;
    await pause(job, true, api, signal);
  }
  for (const { metadata, ...pod } of (await api.list(resources.Pod, { namespace }, signal)).items) {
    const { uid = "", name, labels = {}, ownerReferences = [] } = metadata;
    const phase = (pod["status"] as { readonly phase?: string } | undefined)?.phase;
    const isPage = labels[`${LABEL_PREFIX}/role`] === "maintenance" && labels[`${LABEL_PREFIX}/engine`] !== undefined;
    const goes = metadata.deletionTimestamp !== undefined || phase === "Succeeded" || phase === "Failed";
    if (isPage || goes || ownerReferences.some(({ kind }) => kind === "Job")) continue;
    await api.delete({ resource: resources.Pod, namespace, name }, { preconditions: { uid } }, signal);
  }
}

/** Lets paused Jobs run again; those that a person paused stay so. */
export async function letOthersGoOn(namespace: string, api: Api, signal: AbortSignal): Promise<void> {
  for (const job of (await api.list(resources.Job, { namespace }, signal)).items)
    if (job.metadata.annotations?.[PAUSED] !== undefined) await pause(job, false, api, signal);
}

function isOver({ status }: JobObject): boolean {
  return status?.conditions?.some((one) => (one.type === "Complete" || one.type === "Failed") && one.status === "True") === true;
}

async function pause(job: KubeObject, suspend: boolean, api: Api, signal: AbortSignal): Promise<void> {
  const { name, namespace, resourceVersion } = job.metadata;
  const metadata = { resourceVersion, annotations: { [PAUSED]: suspend ? "true" : null } };
  await api.mergePatch({ resource: resources.Job, namespace, name }, { metadata, spec: { suspend } }, {}, signal);
}

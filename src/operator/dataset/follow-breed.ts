import { type ErrorCode, errorCatalog } from "../../kernel/error-catalog.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { BREED_JOB_LABEL, BREED_PART_LABEL } from "../../kernel/breed-labels.ts";
import type { DatasetStatus } from "../../resources/schema/dataset.ts";
import { generationName, listGenerations } from "../../workflows/dataset/generation.ts";
import { recoverBreed } from "../../workflows/dataset/recover-breeds.ts";
import { jobEnd } from "../backup/job-outcome.ts";
import { isWorthAnotherTry, makePlanned } from "../make-planned.ts";
import type { Outcome } from "../operator-ports.ts";
import { breedOutcome } from "./breed-outcome.ts";
import { type Breeding, type DatasetLook, report } from "./dataset-look.ts";
import { datasetSnapshots } from "./dataset-snapshots.ts";
import { planBreed } from "./plan-breed.ts";

/** A breed that runs is looked at again after this: its end is an event, its steps are none. Milliseconds. */
const RUNS_MS = 3000;
/** A Job whose pod no node has taken, or whose image did not come, is given up after this. */
const STARTS_MS = 600_000;
/** Pods that end are looked at again after this. */
const ENDS_MS = 2000;

/** Follows what is bred: makes its Job, waits for its end, takes what it says, and clears away what it leaves. */
export async function followBreed(look: DatasetLook, breeding: Breeding): Promise<Outcome> {
  look.ports.waitsUnwatched(); // neither documents nor a breed's pods are watched
  if (breeding.ended !== undefined) return clearAway(look, breeding, breeding.ended);
  const { namespace, ports, signal, status, datasets } = look;
  const job = await ports.api.get({ resource: resources.Job, namespace, name: breeding.job }, signal);
  if (job === undefined && breeding.made !== true) return make(look, breeding);
  if (job === undefined) return ends(look, breeding, { code: "dataset/failed", message: "Its Job was deleted before it ended" });
  const end = jobEnd(job);
  const pod = await podOf(look, breeding.job);
  if (end !== undefined) return ends(look, breeding, breedOutcome(end, pod));
  const journal = await datasets.journals.get(namespace);
  const at = journal === undefined ? {} : { generation: journal.generation, step: journal.step };
  await report(look, { ...status, breeding: { ...breeding, ...at, made: true } });
  if (hasBegun(pod) || ports.clock.now() - Date.parse(breeding.since ?? "") < STARTS_MS) return { again: RUNS_MS };
  const message = `Its pod did not start within ${String(STARTS_MS / 60_000)} minutes: \`kubectl --namespace ${namespace} get events\` says why`;
  return ends(look, breeding, { code: "dataset/failed", message });
}

async function podOf({ namespace, ports, signal }: DatasetLook, job: string): Promise<KubeObject | undefined> {
  const labelSelector = `${BREED_JOB_LABEL}=${job},${BREED_PART_LABEL}=breeder`;
  return (await ports.api.list(resources.Pod, { namespace, labelSelector }, signal)).items.at(-1);
}

function hasBegun(pod: KubeObject | undefined): boolean {
  const { containerStatuses = [] } = (pod?.["status"] ?? {}) as {
    readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: object } }[];
  };
  return containerStatuses.some(({ state }) => state !== undefined && state.waiting === undefined);
}

async function make(look: DatasetLook, breeding: Breeding): Promise<Outcome> {
  const { status, ports, signal, datasets } = look;
  try {
    const planned = await planBreed(look, breeding);
    await datasets.setBreeder(breeding.job);
    await makePlanned(planned, ports.api, signal);
  } catch (error) {
    if (!(error instanceof HowdahError) || signal.aborted || isWorthAnotherTry(error)) throw error;
    return ends(look, breeding, { code: error.code, message: worded(error.message, error.hint) });
  }
  await report(look, { ...status, breeding: { ...breeding, made: true } });
  return { again: RUNS_MS };
}

async function ends(look: DatasetLook, breeding: Breeding, ended: NonNullable<Breeding["ended"]>): Promise<Outcome> {
  await report(look, { ...look.status, breeding: { ...breeding, ended } });
  return { again: 0 };
}

/**
 * Ends a breed whatever became of it, as often as it takes: from now on its Job can write nothing, then it and its pods go, and with them raw data; what was
 * sealed is published, the rest destroyed; at last its end is told.
 */
async function clearAway(look: DatasetLook, breeding: Breeding, ended: NonNullable<Breeding["ended"]>): Promise<Outcome> {
  if (!(await stopBreed(look, breeding.job))) return { again: ENDS_MS };
  const { datasets, namespace, ports, status } = look;
  const id = ended.generation ?? breeding.generation ?? (await lastOf(look, breeding));
  await recoverCutOff(look);
  const { breeding: _over, failed: _former, ...known } = status;
  const generation = id === undefined ? undefined : await datasets.generations.get(generationName(namespace, id));
  if (generation !== undefined && ["current", "draining"].includes(generation.state)) {
    await ports.tell(look.object, { type: "Normal", reason: "Published", message: `${generation.id}: new environments get it` });
    await report(look, known);
    return { again: 0 };
  }
  const code = (ended.code ?? "dataset/failed") as ErrorCode;
  const failed = failureOf(code, ended.message ?? generation?.reason ?? "It failed", ports.clock.now());
  await ports.tell(look.object, { type: "Warning", reason: failed.reason, message: failed.message });
  ports.log("warn", "breed failed", { namespace, dataset: look.object.metadata.name, reason: failed.reason, error: failed.message });
  await report(look, { ...known, failed: { ...failed, ...(id === undefined ? {} : { generation: id }) } });
  return { again: 0 };
}

/** Clocks of nodes may differ so much. Milliseconds. */
const SKEW_MS = 30_000;

/** The generation of a breed that ended before anybody looked. */
async function lastOf({ datasets, namespace }: DatasetLook, { since = "" }: Breeding): Promise<string | undefined> {
  const last = (await listGenerations(namespace, datasets)).at(-1);
  return last !== undefined && Date.parse(last.requestedAt) >= Date.parse(since) - SKEW_MS ? last.id : undefined;
}

function failureOf(code: ErrorCode, message: string, now: number): NonNullable<DatasetStatus["failed"]> {
  const entry = (errorCatalog as Readonly<Record<string, { readonly reason: string; readonly hint: string } | undefined>>)[code];
  const at = new Date(now).toISOString();
  return { at, reason: entry?.reason ?? "DatasetFailed", message: worded(message, NEXT_STEP.has(code) ? (entry?.hint ?? "") : "") };
}

/** Failures of a Job's program, of which it says no next step. */
const NEXT_STEP: ReadonlySet<string> = new Set(["dataset/unclassified", "dataset/rules", "dataset/rejected"]);

function worded(message: string, hint: string): string {
  return hint === "" || message.includes(hint) ? message : `${message.replace(/\.$/, "")}. ${hint}`;
}

/** Shuts a breed's Job out and takes it away. False while a pod of it is still there: on a cluster that is what "its process is alive" means. */
export async function stopBreed({ datasets, namespace, ports, signal }: DatasetLook, job: string): Promise<boolean> {
  await datasets.setBreeder(null);
  const name = { resource: resources.Job, namespace, name: job };
  const found = await ports.api.get(name, signal);
  if (found !== undefined && found.metadata.deletionTimestamp === undefined)
    await ports.api.delete(name, { preconditions: { uid: found.metadata.uid ?? "" }, propagation: "Background" }, signal);
  const { items } = await ports.api.list(resources.Pod, { namespace, labelSelector: `${BREED_JOB_LABEL}=${job}` }, signal);
  return items.length === 0;
}

/** What a breed left whose pods are gone. */
export async function recoverCutOff({ datasets, namespace, ports, signal }: DatasetLook): Promise<void> {
  const storage = datasetSnapshots(ports.api, namespace, signal);
  const servers = { sweep: async () => 0 }; // they are pods that went with the Job's
  await recoverBreed(namespace, { ...datasets, storage, servers, clock: ports.clock, isProcessAlive: async () => false });
}

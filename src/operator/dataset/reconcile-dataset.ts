import { HowdahError } from "../../kernel/howdah-error.ts";
import { resources } from "../../kubernetes/resources.ts";
import { datasetSpec, type DatasetStatus } from "../../resources/schema/dataset.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import { PRODUCTION } from "../../workflows/cluster/cluster-place.ts";
import type { ClusterDatasets } from "../../workflows/dataset/dataset-document-kinds.ts";
import { stalledBy } from "../database-server/server-look.ts";
import type { OperatorPorts, Outcome, Reconcile } from "../operator-ports.ts";
import { statusOf } from "../status.ts";
import { rests } from "../tenant/suspension.ts";
import { type DatasetLook, report } from "./dataset-look.ts";
import { datasetVerdicts } from "./dataset-verdicts.ts";
import { DATASET_ASKS, decideDataset, scheduleOfDataset } from "./decide-dataset.ts";
import { deleteAsked } from "./delete-generations.ts";
import { followBreed } from "./follow-breed.ts";
import { breedJobName } from "./plan-breed.ts";
import { holdDataset, releaseDataset } from "./release-dataset.ts";
import { RETAIN_AGAIN_MS, retainGenerations } from "./retain-generations.ts";

/** Clocks of the watch and of the schedule are one, and a Site's schedule may change: no look is later than this. */
const LONGEST_MS = 3_600_000;
/** What waits for a release or a tenant is looked at again after this. */
const WAIT_MS = 10_000;

/**
 * Brings a Dataset to what it asks for, one breed at a time: what is to be bred is written into its status before its Job is made, and the Job's name follows
 * from that, so an operator that dies anywhere repeats nothing and forgets nothing.
 */
export function reconcileDataset(ports: OperatorPorts): Reconcile {
  return async ({ namespace = "", name }, signal) => {
    const object = await ports.api.get({ resource: resources.Dataset, namespace, name }, signal);
    if (object === undefined) return {};
    const read = datasetSpec.safeParse(object["spec"] ?? {});
    const [issue] = read.error?.issues ?? [];
    const status = statusOf<DatasetStatus>(object);
    const datasets = documentsOf(namespace, ports);
    const look: DatasetLook = { object, namespace, spec: read.data ?? datasetSpec.parse({}), status, datasets, ports, signal };
    if (object.metadata.deletionTimestamp !== undefined) return releaseDataset(look);
    await holdDataset(look);
    if (status.breeding !== undefined) return followBreed(look, status.breeding);
    if (!read.success)
      return report(look, status, stalledBy("SpecInvalid", `spec.${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`));
    return await begin(look);
  };
}

function documentsOf(namespace: string, { portsFor }: OperatorPorts): ClusterDatasets {
  const { clusterDatasets } = portsFor(namespace);
  if (clusterDatasets === undefined) throw new TypeError("ports of a cluster have documents of datasets");
  return clusterDatasets;
}

async function begin(look: DatasetLook): Promise<Outcome> {
  const { object, namespace, spec, status, ports, signal } = look;
  const { name, annotations = {} } = object.metadata;
  const site = await ports.api.get({ resource: resources.Site, namespace, name }, signal);
  if (site === undefined)
    return report(look, status, stalledBy("SiteMissing", `There is no Site ${name} in ${namespace}: a Dataset has the name of its Site`));
  const rules = (site["spec"] as { readonly dataset?: { readonly schedule?: string; readonly keep?: number } } | undefined)?.dataset;
  let schedule: ReturnType<typeof scheduleOfDataset>;
  try {
    schedule = scheduleOfDataset(spec, rules?.schedule, namespace);
  } catch (error) {
    if (!(error instanceof HowdahError)) throw error;
    return report(look, status, stalledBy("SpecInvalid", error.message));
  }
  const now = ports.clock.now();
  const { breed, remove, mark, next, asked } = decideDataset(schedule, seenFirst(look), annotations, now);
  const remembered = { ...status, mark, next: next === undefined ? undefined : new Date(next).toISOString(), asked };
  if (remove !== undefined) {
    // Deleting twice is deleting once: it is written down when it is done.
    await report(look, { ...remembered, deleted: await deleteAsked(look, remove) });
    return { again: 0 };
  }
  if (breed === undefined) {
    const are = await retainGenerations(look, rules?.keep ?? 2);
    await report(look, remembered);
    return { again: Math.min(Math.max((next ?? Infinity) - now, 1000), are ? RETAIN_AGAIN_MS : LONGEST_MS) };
  }
  const wait = await whyWait(look);
  if (wait !== undefined) return waitsFor(look, wait);
  const since = new Date(now).toISOString();
  const job = breedJobName(object, `${since} ${breed} ${annotations[DATASET_ASKS.breed] ?? ""}`);
  await report(look, { ...remembered, breeding: { job, why: breed, since } });
  return { again: 0 };
}

/** A Dataset that is made anew, from a repository, may have a wish of the former one to delete: nobody asked this one. To breed again harms nothing. */
function seenFirst({ status, object }: DatasetLook): Partial<DatasetStatus> {
  const gone = object.metadata.annotations?.[DATASET_ASKS.delete];
  return status.observedGeneration !== undefined || gone === undefined ? status : { ...status, asked: { ...status.asked, delete: gone } };
}

/** A dump in the middle of a migration is of no release, and a suspended tenant's user can't log in. */
async function whyWait({ namespace, ports, signal }: DatasetLook): Promise<string | undefined> {
  const found = await ports.api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal);
  const environment = found === undefined ? {} : statusOf<EnvironmentStatus>(found);
  if (rests(environment)) return "The tenant is suspended: nothing is bred until it is resumed";
  return environment.rollout === undefined ? undefined : "A release is being taken into service";
}

async function waitsFor(look: DatasetLook, message: string): Promise<Outcome> {
  const known = datasetVerdicts(look.status).filter(({ type }) => type !== "Reconciling");
  await report(look, look.status, [...known, { type: "Reconciling", status: "True", reason: "Waiting", message }]);
  return { again: WAIT_MS };
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { apiVersionOf, resources } from "../../kubernetes/resources.ts";
import type { DatasetSpec, DatasetStatus } from "../../resources/schema/dataset.ts";
import type { ClusterDatasets } from "../dataset/dataset-document-kinds.ts";
import type { DatasetSchedule } from "../dataset/dataset-ports.ts";
import { type Generation, generationName } from "../dataset/generation.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { codeOfReason } from "./follow-rollout.ts";

/** The Dataset of a site of a cluster: it has the site's name. */
export interface DatasetPlace {
  readonly cluster: Pick<ConnectedCluster, "api" | "context">;
  readonly namespace: string;
  readonly name: string;
}

const POLL_MS = 500;
/** An operator that runs has seen a new value within this. */
const NOBODY_MS = 60_000;
/** Its answer to another schedule is waited for so long; it comes later otherwise. */
const SOON_MS = 10_000;

const nameOf = ({ namespace, name }: DatasetPlace) => ({ resource: resources.Dataset, namespace, name });

/** Namespaces that have a Dataset, in a namespace or all that may be read. Error: `cluster/not-installed` for a cluster whose definitions are older. */
export async function datasetNamespaces(
  { api }: DatasetPlace["cluster"],
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly DatasetObject[]> {
  const { items } = await api.list(resources.Dataset, namespace === undefined ? {} : { namespace }, signal);
  return items.map(shown).toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1));
}

/** A Dataset as it is there. */
export interface DatasetObject {
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly spec: Partial<DatasetSpec>;
  readonly status: Partial<DatasetStatus>;
}

function shown({ metadata, ...object }: KubeObject): DatasetObject {
  return {
    ...{ namespace: metadata.namespace ?? "", name: metadata.name, generation: metadata.generation ?? 1 },
    spec: (object["spec"] as Partial<DatasetSpec> | undefined) ?? {},
    status: (object["status"] as Partial<DatasetStatus> | undefined) ?? {},
  };
}

/** Has the operator breed a generation, and shows how it does until it is published. Stopping to wait stops nothing. Errors: why it failed, by its own name. */
export async function breedThere(
  place: DatasetPlace,
  asked: string,
  ports: Pick<Ports, "clock"> & { readonly datasets: ClusterDatasets },
  context: EngineContext,
): Promise<Generation> {
  await ask(place, { breed: asked }, context.signal);
  const { generation, failed } = (await follow(place, ({ asked: seen }) => seen?.breed === asked, ports, context)).status;
  if (failed !== undefined) throw new HowdahError(codeOfReason(failed.reason), failed.message);
  const found = generation === undefined ? undefined : await ports.datasets.generations.get(generationName(place.namespace, generation));
  if (found !== undefined) return found;
  throw new HowdahError("dataset/failed", `The operator has ended the breed, and nothing is published in ${place.namespace}`);
}

/** Has the operator delete generations, and waits for it. Answers what is gone, and why the rest stays. */
export async function deleteThere(
  place: DatasetPlace,
  { ids, asked }: { readonly ids: readonly string[] | "all"; readonly asked: string },
  ports: Pick<Ports, "clock">,
  context: EngineContext,
): Promise<NonNullable<DatasetStatus["deleted"]>> {
  await requireDataset(place, context.signal);
  const value = `${ids === "all" ? "all" : ids.join(",")}/${asked}`;
  await ask(place, { "delete-datasets": value }, context.signal);
  const { deleted } = (await follow(place, (status) => status.deleted?.asked === value, ports, context)).status;
  return deleted ?? { asked: value, generations: [] };
}

/** When a Dataset breeds by itself, as one machine tells it; undefined: never, and nobody said anything. `change` sets it first. */
export async function scheduleThere(
  place: DatasetPlace,
  change: { readonly schedule: string } | "off" | undefined,
  { clock }: Pick<Ports, "clock">,
  signal: AbortSignal,
): Promise<DatasetSchedule | undefined> {
  if (change !== undefined) {
    const spec = change === "off" ? { suspend: true } : { schedule: change.schedule, suspend: false };
    await apply(place, { spec }, signal);
  }
  const began = clock.now();
  let found = await find(place, signal);
  while (found !== undefined && found.status.observedGeneration !== found.generation && clock.now() - began < SOON_MS) {
    await clock.sleep(POLL_MS, signal);
    found = await find(place, signal);
  }
  return found === undefined ? undefined : scheduleOf(found);
}

/** What a Dataset says of its schedule, as one machine tells it. Error: `usage/invalid` for a schedule that is none. */
export function scheduleOf({ namespace, spec, status }: DatasetObject): DatasetSchedule | undefined {
  const { mark, next, failed, generation, generations = [] } = status;
  const stalled = status.conditions?.find(({ type, reason }) => type === "Stalled" && reason === "SpecInvalid");
  if (stalled !== undefined) throw new HowdahError("usage/invalid", stalled.message);
  const schedule = spec.suspend === true ? null : (spec.schedule ?? mark?.schedule);
  if (schedule === undefined) return undefined;
  const published = generations.find(({ id }) => id === generation)?.published;
  const well = published === undefined ? null : { generation: generation ?? null, at: published, failure: null };
  return {
    ...{ site: namespace, schedule, from: spec.schedule === undefined && spec.suspend !== true ? "file" : "command" },
    mark: mark === undefined || schedule === null ? null : { ...mark, next: next === undefined ? null : Date.parse(next) },
    last: failed === undefined ? well : { generation: failed.generation ?? null, at: failed.at ?? "", failure: failed.message },
  };
}

async function find(place: DatasetPlace, signal: AbortSignal): Promise<DatasetObject | undefined> {
  const object = await place.cluster.api.get(nameOf(place), signal);
  return object === undefined ? undefined : shown(object);
}

async function requireDataset(place: DatasetPlace, signal: AbortSignal): Promise<DatasetObject> {
  const found = await find(place, signal);
  if (found !== undefined) return found;
  throw new HowdahError("dataset/none", `${place.namespace} on ${place.cluster.context} has no Dataset ${place.name}`);
}

async function ask(place: DatasetPlace, asks: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  const annotations = Object.fromEntries(Object.entries(asks).map(([what, value]) => [`${LABEL_PREFIX}/${what}`, value]));
  await apply(place, { metadata: { annotations } }, signal);
}

/** Makes the Dataset where there is none; only what is named is changed. */
async function apply(
  place: DatasetPlace,
  change: { readonly metadata?: object; readonly spec?: object },
  signal: AbortSignal,
): Promise<void> {
  const { api } = place.cluster;
  if ((await find(place, signal)) !== undefined) {
    await api.mergePatch(nameOf(place), change, {}, signal);
    return;
  }
  const metadata = { ...change.metadata, name: place.name, namespace: place.namespace };
  const { spec = {} } = change;
  await api.create(resources.Dataset, { apiVersion: apiVersionOf(resources.Dataset), kind: "Dataset", metadata, spec }, signal);
}

/** Shows what the operator does until it has done what was asked and nothing is bred any more. */
async function follow(
  place: DatasetPlace,
  isAnswered: (status: Partial<DatasetStatus>) => boolean,
  { clock }: Pick<Ports, "clock">,
  { emit, signal }: EngineContext,
): Promise<DatasetObject> {
  const began = clock.now();
  let open: string | undefined;
  const turnTo = (step: string | undefined): void => {
    if (step === open) return;
    if (open !== undefined) emit({ type: "task-done", id: open, outcome: "changed" });
    if (step !== undefined) emit({ type: "task-started", id: step, title: `the operator: ${step}` });
    open = step;
  };
  for (;;) {
    signal.throwIfAborted();
    const found = await requireDataset(place, signal);
    const { breeding, conditions = [] } = found.status;
    const isSeen = isAnswered(found.status);
    if (isSeen && breeding === undefined) {
      turnTo(undefined);
      return found;
    }
    const wrong = conditions.find(({ type, reason }) => type === "Stalled" && WRONG.has(reason));
    if (!isSeen && wrong !== undefined && found.status.observedGeneration === found.generation && clock.now() - began > POLL_MS)
      throw new HowdahError("usage/invalid", wrong.message);
    const says = conditions.find(({ type, status }) => type === "Reconciling" && status === "True")?.message;
    turnTo(says);
    if (!isSeen && says === undefined && clock.now() - began > NOBODY_MS) throw nobodyLooks(place);
    await clock.sleep(POLL_MS, signal);
  }
}

/** What only a person can put right, so that nothing is begun. */
const WRONG: ReadonlySet<string> = new Set(["SpecInvalid", "SiteMissing"]);

function nobodyLooks({ cluster }: DatasetPlace): HowdahError {
  return new HowdahError("cluster/not-installed", "The operator does not look at the Dataset", {
    hint: `Does it run, and is it new enough? \`howdah doctor --context ${cluster.context}\` says; \`howdah upgrade --context ${cluster.context}\` brings a new one.`,
  });
}

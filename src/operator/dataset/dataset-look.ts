import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { DatasetSpec, DatasetStatus } from "../../resources/schema/dataset.ts";
import type { ClusterDatasets } from "../../workflows/dataset/dataset-document-kinds.ts";
import { type Generation, type GenerationLease, listGenerations } from "../../workflows/dataset/generation.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";
import { conditionsOf, type Verdict, writeStatus } from "../status.ts";
import { datasetVerdicts } from "./dataset-verdicts.ts";

/** One look at a Dataset. */
export interface DatasetLook {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly spec: DatasetSpec;
  readonly status: Partial<DatasetStatus>;
  readonly datasets: ClusterDatasets;
  readonly ports: OperatorPorts;
  readonly signal: AbortSignal;
}

/** What is bred now, as the status has it. */
export type Breeding = NonNullable<DatasetStatus["breeding"]>;

/** More of them are not told. */
const TOLD = 30;

/** Writes a status with what is remembered of generations and its conditions; `verdicts` in the place of what follows from it. */
export async function report(look: DatasetLook, status: Partial<DatasetStatus>, verdicts?: readonly Verdict[]): Promise<Outcome> {
  const { object, ports } = look;
  const generation = object.metadata.generation ?? 1;
  const now = new Date(ports.clock.now()).toISOString();
  const known = { ...status, ...(await remembered(look)) };
  const conditions = conditionsOf(verdicts ?? datasetVerdicts(known), look.status.conditions, { generation, now });
  await writeStatus(ports.api, resources.Dataset, object, { ...known, observedGeneration: generation, conditions });
  return {};
}

/** The documents say what is published: a status that was lost comes back from them. */
async function remembered({ datasets, namespace }: DatasetLook): Promise<Pick<DatasetStatus, "generation" | "bred" | "generations">> {
  const pointer = (await datasets.current.get(namespace))?.generation;
  const leases = await datasets.leases.list();
  const all = (await listGenerations(namespace, datasets)).filter(({ state }) => state !== "reaped").toReversed();
  const current = all.find(({ id }) => id === pointer);
  const generations = all.slice(0, TOLD).map((one) => told(one, leases));
  return {
    generation: current?.id,
    bred: current?.capturedAt ?? undefined,
    generations: generations.length === 0 ? undefined : generations,
  };
}

function told(one: Generation, leases: readonly GenerationLease[]): NonNullable<DatasetStatus["generations"]>[number] {
  const holders = leases.filter(({ generation }) => generation === one.id).map(({ holder }) => holder);
  return {
    ...{ id: one.id, state: one.state, captured: one.capturedAt ?? undefined, published: one.publishedAt ?? undefined },
    ...(one.reason === null ? {} : { reason: one.reason }),
    ...(holders.length === 0 ? {} : { holders: holders.toSorted() }),
  };
}

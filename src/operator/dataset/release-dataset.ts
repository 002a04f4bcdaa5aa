import { LABEL_PREFIX } from "../../kernel/label.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Outcome } from "../operator-ports.ts";
import { type DatasetLook, report } from "./dataset-look.ts";
import { deleteGenerations } from "./delete-generations.ts";
import { recoverCutOff, stopBreed } from "./follow-breed.ts";

/** Holds a Dataset until what was bred is destroyed, or handed to nobody any more. */
export const DATASET_FINALIZER = `${LABEL_PREFIX}/generations`;

/** Environments that hold a generation are looked for again after this, pods that end sooner. Milliseconds. */
const HELD_MS = 30_000;
const ENDS_MS = 2000;

/** Puts the finalizer on. */
export async function holdDataset({ object, ports }: DatasetLook): Promise<void> {
  const { finalizers = [] } = object.metadata;
  if (!finalizers.includes(DATASET_FINALIZER)) await setFinalizers(object, [...finalizers, DATASET_FINALIZER], ports);
}

async function setFinalizers(object: DatasetLook["object"], finalizers: readonly string[], { api }: DatasetLook["ports"]): Promise<void> {
  const { name, namespace, resourceVersion } = object.metadata;
  await api.mergePatch({ resource: resources.Dataset, namespace, name }, { metadata: { resourceVersion, finalizers } });
}

/**
 * Takes away what a deleted Dataset bred. Generations that environments hold stay, and the Dataset with them, until those are gone. With its namespace
 * everything goes anyway.
 */
export async function releaseDataset(look: DatasetLook): Promise<Outcome> {
  const { object, namespace, ports, signal, status } = look;
  const { finalizers = [] } = object.metadata;
  if (!finalizers.includes(DATASET_FINALIZER)) return {};
  ports.waitsUnwatched();
  const space = await ports.api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
  if (space?.metadata.deletionTimestamp === undefined) {
    if (status.breeding !== undefined && !(await stopBreed(look, status.breeding.job))) return { again: ENDS_MS };
    await recoverCutOff(look);
    const { held } = await deleteGenerations(look, "all");
    if (held.length > 0) return waitsFor(look, held);
  }
  await setFinalizers(
    object,
    finalizers.filter((one) => one !== DATASET_FINALIZER),
    ports,
  );
  return {};
}

async function waitsFor(
  look: DatasetLook,
  held: readonly { readonly generation: string; readonly by: readonly string[] }[],
): Promise<Outcome> {
  const message = `Environments still use what it bred: ${held.flatMap(({ by }) => by).join(", ")}. It goes when they are deleted`;
  const { breeding: _stopped, ...known } = look.status;
  await report(look, known, [
    { type: "Ready", status: "False", reason: "Deleting", message },
    { type: "Reconciling", status: "True", reason: "Deleting", message },
  ]);
  return { again: HELD_MS };
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { DatasetSpec } from "../../resources/schema/dataset.ts";

/** On which classes a dataset is bred. */
export interface SnapshotClasses {
  readonly storageClassName: string;
  readonly snapshotClassName: string;
}

const DEFAULT_STORAGE = "storageclass.kubernetes.io/is-default-class";
const DEFAULT_SNAPSHOT = "snapshot.storage.kubernetes.io/is-default-class";
const HINT = "docs/how-to/datasets-on-kubernetes.md says what a cluster needs; Howdah's own storage driver has it all.";

type Chosen = Pick<DatasetSpec, "storageClassName" | "volumeSnapshotClassName">;

/** The classes that a Dataset means. Error: `dataset/storage-broken` with what the cluster lacks. */
export async function snapshotClasses(spec: Chosen, api: Pick<KubernetesApi, "list">, signal: AbortSignal): Promise<SnapshotClasses> {
  const { items: storages } = await api.list(resources.StorageClass, {}, signal);
  const { items: snapshots } = await api.list(resources.VolumeSnapshotClass, {}, signal).catch((error: unknown) => {
    if (error instanceof HowdahError && error.code === "cluster/not-installed")
      throw lacks("The cluster knows no VolumeSnapshots: neither their definitions nor the snapshot controller are installed");
    throw error;
  });
  return chooseClasses(spec, storages, snapshots);
}

/** Chooses among what there is. Pure. Error: `dataset/storage-broken`. */
export function chooseClasses(spec: Chosen, storages: readonly KubeObject[], snapshots: readonly KubeObject[]): SnapshotClasses {
  const storage = storages.find(({ metadata }) =>
    spec.storageClassName === undefined ? metadata.annotations?.[DEFAULT_STORAGE] === "true" : metadata.name === spec.storageClassName,
  );
  if (storage === undefined)
    throw lacks(
      spec.storageClassName === undefined
        ? "The cluster has no default StorageClass: name one in spec.storageClassName"
        : `There is no StorageClass ${spec.storageClassName}`,
    );
  const driver = String(storage["provisioner"]);
  const fitting = snapshots.filter((one) => one["driver"] === driver);
  const named = spec.volumeSnapshotClassName;
  const snapshot =
    named === undefined
      ? (fitting.find(({ metadata }) => metadata.annotations?.[DEFAULT_SNAPSHOT] === "true") ?? fitting[0])
      : fitting.find(({ metadata }) => metadata.name === named);
  if (snapshot !== undefined) return { storageClassName: storage.metadata.name, snapshotClassName: snapshot.metadata.name };
  const which = named === undefined ? "no VolumeSnapshotClass" : `no VolumeSnapshotClass ${named}`;
  const others = snapshots.map((one) => `${one.metadata.name} (${String(one["driver"])})`).join(", ");
  const there = others === "" ? "" : `; there is ${others}`;
  throw lacks(`The StorageClass ${storage.metadata.name} is of the driver ${driver}, which has ${which} here${there}`);
}

function lacks(message: string): HowdahError {
  return new HowdahError("dataset/storage-broken", message, { hint: HINT });
}

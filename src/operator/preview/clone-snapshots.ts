import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { apiVersionOf, resources } from "../../kubernetes/resources.ts";
import { contentName, handOver, ownSnapshot, type SnapshotObject, snapshotAt } from "./hand-over.ts";
import type { ClaimSnapshot } from "./pin-data.ts";
import { PREVIEW_LABEL, previewNamespace } from "./preview-place.ts";

/** Which environment is to be a copy of which. */
export interface Cloned {
  readonly of: string;
  /** The copy's. */
  readonly namespace: string;
  /** Name of the environment that it is a copy of. */
  readonly source: string;
}

type Waits = { readonly waits: string; readonly troubled: boolean };

/**
 * Snapshots of another environment's volumes as they are now, taken once and then the copy's own: a reset needs that environment no more. Each is taken
 * there, kept when it goes (`Retain`), handed over to the copy with its data (`Delete`), and forgotten there. Killed anywhere, the next look goes on.
 * Error: `environment/unknown`.
 */
export async function cloneSnapshots(
  cloned: Cloned,
  claims: readonly string[],
  api: KubernetesApi,
  signal: AbortSignal,
): Promise<readonly ClaimSnapshot[] | Waits> {
  const from = previewNamespace(cloned.of, cloned.source) ?? "";
  const found: ClaimSnapshot[] = [];
  for (const claim of claims) {
    const name = `${claim}-clone`;
    const own = await ownSnapshot({ namespace: cloned.namespace, name }, api, signal);
    const source = { namespace: from, name: `for-${cloned.namespace}-${claim}` };
    if (own?.ready === true) {
      await forget(source, api, signal);
      found.push({ claim, name, snapshot: own });
      continue;
    }
    const wait = own === undefined ? await take(claim, source, cloned, api, signal) : undefined;
    if (wait !== undefined) return wait;
    const { of, namespace } = cloned;
    const snapshot = own ?? (await handOver({ of, namespace, name, source, policy: "Delete" }, api, signal));
    if (snapshot.ready) await forget(source, api, signal);
    found.push({ claim, name, snapshot });
  }
  return found;
}

/** Undefined once it can be handed over. */
async function take(
  claim: string,
  source: { readonly namespace: string; readonly name: string },
  { namespace, source: name }: Cloned,
  api: KubernetesApi,
  signal: AbortSignal,
): Promise<Waits | undefined> {
  const volume = await api.get({ resource: resources.PersistentVolumeClaim, namespace: source.namespace, name: claim }, signal);
  if (volume === undefined)
    throw new HowdahError("environment/unknown", `${namespace} is to be a copy of ${name}, which has no volume ${claim}`);
  const taken = (await snapshotAt(source, api, signal)) ?? (await begin(claim, source, volume["spec"] as ClaimSpec, api, signal));
  const bound = taken.status?.boundVolumeSnapshotContentName;
  if (taken.status?.readyToUse === true && bound !== undefined) {
    const content = { resource: resources.VolumeSnapshotContent, namespace: undefined, name: bound };
    const { deletionPolicy } = ((await api.get(content, signal))?.["spec"] ?? {}) as { readonly deletionPolicy?: string };
    // By the label it goes with the environment that it was taken of, should nobody come to forget it.
    const labels = { [PREVIEW_LABEL]: source.namespace };
    const kept = { metadata: { labels }, spec: { deletionPolicy: "Retain" } };
    if (deletionPolicy !== "Retain") await api.mergePatch(content, kept, {}, signal);
    return undefined;
  }
  const trouble = taken.status?.error?.message;
  return { waits: `A snapshot of ${name} is taken${trouble === undefined ? "" : `: ${trouble}`}`, troubled: trouble !== undefined };
}

interface ClaimSpec {
  readonly storageClassName?: string;
}

async function begin(
  claim: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { storageClassName = "" }: ClaimSpec,
  api: KubernetesApi,
  signal: AbortSignal,
): Promise<SnapshotObject> {
  const storage = await api.get({ resource: resources.StorageClass, namespace: undefined, name: storageClassName }, signal);
  const { items } = await api.list(resources.VolumeSnapshotClass, {}, signal);
  const able = items.filter((one) => one["driver"] === storage?.["provisioner"]);
  const chosen = able.find(({ metadata }) => metadata.annotations?.[DEFAULT_SNAPSHOTS] === "true") ?? able[0];
  if (chosen === undefined)
    throw new HowdahError(
      "dataset/none",
      `The volume ${namespace}/${claim} can't be copied: its class ${storageClassName} has no snapshots`,
      {
        hint: "Environments whose data is a copy of the dataset have volumes that can: make that one from it.",
      },
    );
  const object = {
    ...{ apiVersion: apiVersionOf(resources.VolumeSnapshot), kind: "VolumeSnapshot" },
    metadata: { name, namespace, labels: { "app.kubernetes.io/managed-by": "howdah" } },
    spec: { volumeSnapshotClassName: chosen.metadata.name, source: { persistentVolumeClaimName: claim } },
  };
  return await api.apply(resources.VolumeSnapshot, object, {}, signal);
}

const DEFAULT_SNAPSHOTS = "snapshot.storage.kubernetes.io/is-default-class";

/** The data is the copy's now: what named it first goes without it. */
async function forget(
  source: { readonly namespace: string; readonly name: string },
  api: KubernetesApi,
  signal: AbortSignal,
): Promise<void> {
  const found = await snapshotAt(source, api, signal);
  if (found === undefined) return;
  const bound = found.status?.boundVolumeSnapshotContentName;
  const content = { resource: resources.VolumeSnapshotContent, namespace: undefined, name: bound ?? contentName(source) };
  const live = await api.get(content, signal);
  const { deletionPolicy } = (live?.["spec"] ?? {}) as { readonly deletionPolicy?: string };
  if (live !== undefined && deletionPolicy !== "Retain") return; // it would take the data along
  const { uid = "" } = found.metadata;
  // The content first: by a snapshot that is gone nobody finds it any more.
  if (live?.metadata.uid !== undefined && live.metadata.deletionTimestamp === undefined)
    await api.delete(content, { preconditions: { uid: live.metadata.uid } }, signal);
  await api.delete({ resource: resources.VolumeSnapshot, ...source }, { preconditions: { uid } }, signal);
}

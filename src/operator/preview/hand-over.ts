import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { bytesOf } from "../../kubernetes/quantity.ts";
import { apiVersionOf, resources } from "../../kubernetes/resources.ts";
import type { CopySource } from "./choose-class.ts";
import { OF_LABEL, PREVIEW_LABEL } from "./preview-place.ts";

/** A snapshot that an environment gets, and what becomes of its data when the environment goes. */
export interface HandedOver {
  readonly of: string;
  /** The environment's. */
  readonly namespace: string;
  /** Name of the VolumeSnapshot there. */
  readonly name: string;
  readonly source: { readonly namespace: string; readonly name: string };
  /** `Retain`: the data is a dataset's, and stays. `Delete`: nobody else has it. */
  readonly policy: "Retain" | "Delete";
}

/** A snapshot in an environment's namespace. */
export interface Snapshot extends CopySource {
  readonly ready: boolean;
  readonly bytes: number;
  /** Why it is not ready, in the driver's words. */
  readonly trouble: string | null;
}

export interface SnapshotObject extends KubeObject {
  readonly spec?: {
    readonly volumeSnapshotClassName?: string;
    readonly source?: { readonly persistentVolumeClaimName?: string; readonly volumeSnapshotContentName?: string };
  };
  readonly status?: {
    readonly readyToUse?: boolean;
    readonly restoreSize?: string;
    readonly boundVolumeSnapshotContentName?: string;
    readonly error?: { readonly message?: string };
  };
}

interface ContentObject extends KubeObject {
  readonly spec?: {
    readonly driver?: string;
    readonly volumeSnapshotClassName?: string;
    readonly sourceVolumeMode?: string;
    readonly source?: { readonly snapshotHandle?: string };
    readonly volumeSnapshotRef?: { readonly uid?: string };
  };
  readonly status?: { readonly snapshotHandle?: string; readonly restoreSize?: number };
}

type Api = Pick<KubernetesApi, "get" | "apply" | "delete">;

const labelsOf = ({ of, namespace }: Pick<HandedOver, "of" | "namespace">): Record<string, string> => ({
  "app.kubernetes.io/managed-by": "howdah",
  [OF_LABEL]: of,
  [PREVIEW_LABEL]: namespace,
});

/** Name of the content of a snapshot that was handed over. */
export function contentName({ namespace, name }: Pick<HandedOver, "namespace" | "name">): string {
  return `${namespace}.${name}`;
}

/**
 * Hands a snapshot over to an environment's namespace by its handle: a VolumeSnapshotContent that names it, and a VolumeSnapshot bound to that. Works with
 * every driver, without a feature for claims across namespaces. May be called again. Answers how far it is. Error: `dataset/none` when it is gone.
 */
export async function handOver(wanted: HandedOver, api: Api, signal: AbortSignal): Promise<Snapshot> {
  const found = await snapshotAt(wanted.source, api, signal);
  const bound = found?.status?.boundVolumeSnapshotContentName;
  const content = bound === undefined ? undefined : await contentAt(bound, api, signal);
  if (found === undefined || content === undefined) {
    if (found !== undefined && found.status?.readyToUse !== true) return { ...unknown, trouble: found.status?.error?.message ?? null };
    throw new HowdahError("dataset/none", `The snapshot ${wanted.source.namespace}/${wanted.source.name} is not there any more`);
  }
  const handle = content.status?.snapshotHandle ?? content.spec?.source?.snapshotHandle;
  const { driver } = content.spec ?? {};
  if (handle === undefined || driver === undefined) return { ...unknown, trouble: found.status?.error?.message ?? null };
  await putContent(wanted, { handle, driver, content }, api, signal);
  const mine = await putSnapshot(wanted, content.spec?.volumeSnapshotClassName, api, signal);
  return {
    ...{ driver, sourceClass: await classOf(wanted.source.namespace, found, api, signal) },
    bytes: sizeOf(mine, content, found),
    ready: mine.status?.readyToUse === true,
    trouble: mine.status?.error?.message ?? null,
  };
}

const unknown = { driver: "", sourceClass: null, bytes: 0, ready: false } as const;

/** A snapshot that an environment has already; undefined: none of that name. */
export async function ownSnapshot(
  { namespace, name }: Pick<HandedOver, "namespace" | "name">,
  api: Api,
  signal: AbortSignal,
): Promise<Snapshot | undefined> {
  const [mine, content] = await Promise.all([
    snapshotAt({ namespace, name }, api, signal),
    contentAt(contentName({ namespace, name }), api, signal),
  ]);
  if (mine === undefined || content === undefined) return undefined;
  const { driver = "" } = content.spec ?? {};
  const ready = mine.status?.readyToUse === true;
  return { driver, sourceClass: null, ready, bytes: sizeOf(mine, content, mine), trouble: mine.status?.error?.message ?? null };
}

async function putContent(
  wanted: HandedOver,
  { handle, driver, content }: { readonly handle: string; readonly driver: string; readonly content: ContentObject },
  api: Api,
  signal: AbortSignal,
): Promise<void> {
  const { volumeSnapshotClassName, sourceVolumeMode } = content.spec ?? {};
  const reference = { apiVersion: apiVersionOf(resources.VolumeSnapshot), kind: "VolumeSnapshot" };
  const object = {
    ...{ apiVersion: apiVersionOf(resources.VolumeSnapshotContent), kind: "VolumeSnapshotContent" },
    metadata: { name: contentName(wanted), labels: { ...labelsOf(wanted), ...nodeOf(content) } },
    spec: {
      ...{ deletionPolicy: wanted.policy, driver, source: { snapshotHandle: handle } },
      ...(volumeSnapshotClassName === undefined ? {} : { volumeSnapshotClassName }),
      ...(sourceVolumeMode === undefined ? {} : { sourceVolumeMode }),
      volumeSnapshotRef: { ...reference, name: wanted.name, namespace: wanted.namespace },
    },
  };
  const found = await contentAt(object.metadata.name, api, signal);
  if (found === undefined) await api.apply(resources.VolumeSnapshotContent, object, {}, signal);
  else await freeContent(wanted, found, api, signal);
}

/** Of a driver with a sidecar on each node: whose it is. Nobody sets it for contents that are made by hand, and without it nobody looks at them. */
function nodeOf({ metadata }: ContentObject): Readonly<Record<string, string>> {
  const node = metadata.labels?.[MANAGED_BY];
  return node === undefined ? {} : { [MANAGED_BY]: node };
}

const MANAGED_BY = "snapshot.storage.kubernetes.io/managed-by";

/** One that was bound to a snapshot which somebody took away never binds to another of its name. */
async function freeContent(wanted: HandedOver, { metadata, spec }: ContentObject, api: Api, signal: AbortSignal): Promise<void> {
  const mine = await snapshotAt(wanted, api, signal);
  const bound = spec?.volumeSnapshotRef?.uid;
  if (bound === undefined || bound === mine?.metadata.uid || wanted.policy !== "Retain" || metadata.deletionTimestamp !== undefined) return;
  const place = { resource: resources.VolumeSnapshotContent, namespace: undefined, name: metadata.name };
  await api.delete(place, { preconditions: { uid: metadata.uid ?? "" } }, signal);
}

async function putSnapshot(wanted: HandedOver, className: string | undefined, api: Api, signal: AbortSignal): Promise<SnapshotObject> {
  const { namespace, name } = wanted;
  const found = await snapshotAt({ namespace, name }, api, signal);
  if (found !== undefined) return found;
  const object = {
    ...{ apiVersion: apiVersionOf(resources.VolumeSnapshot), kind: "VolumeSnapshot" },
    metadata: { name, namespace, labels: labelsOf(wanted) },
    spec: {
      source: { volumeSnapshotContentName: contentName(wanted) },
      ...(className === undefined ? {} : { volumeSnapshotClassName: className }),
    },
  };
  return await api.apply(resources.VolumeSnapshot, object, {}, signal);
}

/** A VolumeSnapshot; undefined where there is none. */
export async function snapshotAt(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  api: Pick<KubernetesApi, "get">,
  signal: AbortSignal,
): Promise<SnapshotObject | undefined> {
  return await api.get({ resource: resources.VolumeSnapshot, namespace, name }, signal);
}

async function contentAt(name: string, api: Pick<KubernetesApi, "get">, signal: AbortSignal): Promise<ContentObject | undefined> {
  return await api.get({ resource: resources.VolumeSnapshotContent, namespace: undefined, name }, signal);
}

async function classOf(
  namespace: string,
  { spec }: SnapshotObject,
  api: Pick<KubernetesApi, "get">,
  signal: AbortSignal,
): Promise<string | null> {
  const name = spec?.source?.persistentVolumeClaimName;
  if (name === undefined) return null;
  const claim = await api.get({ resource: resources.PersistentVolumeClaim, namespace, name }, signal);
  return (claim?.["spec"] as { readonly storageClassName?: string } | undefined)?.storageClassName ?? null;
}

/** What a copy has to hold at least; the driver says, once it has looked. */
function sizeOf(mine: SnapshotObject, content: ContentObject, source: SnapshotObject): number {
  const said = mine.status?.restoreSize ?? source.status?.restoreSize;
  return Math.max(content.status?.restoreSize ?? 0, said === undefined ? 0 : bytesOf(said));
}

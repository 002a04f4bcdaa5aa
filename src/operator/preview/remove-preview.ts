import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";
import { generationsOf, letGo } from "./pin-data.ts";
import { OF_LABEL, PREVIEW_LABEL, previewNamespace } from "./preview-place.ts";
import { unlessUnknown } from "./unless-unknown.ts";
import { wakeSnapshotController } from "./wake-controller.ts";

/** Holds an environment that was deleted until nothing of it is left: its namespace, its snapshots, its lease of a generation. */
const PREVIEW_FINALIZER = "howdah.dev/environment";

/** What goes by itself is looked at so often, in milliseconds. */
const SOON_MS = 300;

/** Makes an environment wait for `removePreview` when it is deleted. */
export async function holdPreview({ metadata }: KubeObject, { api }: OperatorPorts, signal: AbortSignal): Promise<void> {
  const { name, namespace, finalizers = [], resourceVersion } = metadata;
  if (finalizers.includes(PREVIEW_FINALIZER)) return;
  const patch = { metadata: { resourceVersion, finalizers: [...finalizers, PREVIEW_FINALIZER] } };
  await api.mergePatch({ resource: resources.Environment, namespace, name }, patch, {}, signal);
}

/** Takes everything of an environment away, and lets it go. Each look reads how far it is. Snapshots of a dataset stay: only what names them goes. */
export async function removePreview(object: KubeObject, ports: OperatorPorts, signal: AbortSignal): Promise<Outcome> {
  const { name, namespace: of = "", finalizers = [], resourceVersion } = object.metadata;
  if (!finalizers.includes(PREVIEW_FINALIZER)) return {};
  const namespace = previewNamespace(of, name);
  if (namespace !== undefined) {
    const left = (await removeNamespace(of, namespace, ports, signal)) || (await removeContents(namespace, ports, signal));
    if (left) {
      ports.waitsUnwatched();
      return { again: SOON_MS };
    }
    await letGo(namespace, null, generationsOf(of, ports));
  }
  const metadata = { resourceVersion, finalizers: finalizers.filter((one) => one !== PREVIEW_FINALIZER) };
  await ports.api.mergePatch({ resource: resources.Environment, namespace: of, name }, { metadata }, {}, signal);
  ports.log("info", "environment deleted with its data", { namespace });
  return {};
}

/** Nobody waits for its pods to finish: nobody needs what they would write. True while something is left. */
async function removeNamespace(of: string, namespace: string, ports: OperatorPorts, signal: AbortSignal): Promise<boolean> {
  const { api } = ports;
  const place = { resource: resources.Namespace, namespace: undefined, name: namespace };
  const space = await api.get(place, signal);
  if (space?.metadata.labels?.[OF_LABEL] !== of) return false;
  const { uid = "", deletionTimestamp } = space.metadata;
  if (deletionTimestamp === undefined) await api.delete(place, { preconditions: { uid } }, signal);
  for (const { metadata } of (await api.list(resources.Pod, { namespace }, signal)).items) {
    const isEnding =
      metadata.deletionTimestamp !== undefined && (metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds === 1;
    if (isEnding) continue;
    const pod = { resource: resources.Pod, namespace, name: metadata.name };
    await api.delete(pod, { preconditions: { uid: metadata.uid ?? "" }, graceSeconds: 1 }, signal).catch(unlessConflict);
  }
  await wakeSnapshotController(namespace, ports, signal);
  return true;
}

/** Contents with data of their own go with their snapshot; one that only names a dataset's is left behind by it. True while some are left. */
async function removeContents(namespace: string, { api }: OperatorPorts, signal: AbortSignal): Promise<boolean> {
  const labelSelector = `${PREVIEW_LABEL}=${namespace}`;
  const { items } = await api.list(resources.VolumeSnapshotContent, { labelSelector }, signal).catch(unlessUnknown);
  for (const { metadata, ...content } of items) {
    const { deletionPolicy } = (content["spec"] ?? {}) as { readonly deletionPolicy?: string };
    if (deletionPolicy !== "Retain" || metadata.deletionTimestamp !== undefined) continue;
    const place = { resource: resources.VolumeSnapshotContent, namespace: undefined, name: metadata.name };
    await api.delete(place, { preconditions: { uid: metadata.uid ?? "" } }, signal);
  }
  return items.length > 0;
}

/**
 * Takes away snapshots of former makings of an environment, once no claim is a copy of them any more. `keep`: names of those that it has now. What only
 * names data of a dataset goes without it.
 */
export async function dropFormer(
  namespace: string,
  keep: ReadonlySet<string>,
  { api }: Pick<OperatorPorts, "api">,
  signal: AbortSignal,
): Promise<void> {
  const options = { namespace, labelSelector: `${PREVIEW_LABEL}=${namespace}` };
  const { items } = await api.list(resources.VolumeSnapshot, options, signal).catch(unlessUnknown);
  for (const { metadata } of items.filter(({ metadata: { name } }) => !keep.has(name))) {
    const snapshot = { resource: resources.VolumeSnapshot, namespace, name: metadata.name };
    await api.delete(snapshot, { preconditions: { uid: metadata.uid ?? "" } }, signal);
    const place = { resource: resources.VolumeSnapshotContent, namespace: undefined, name: `${namespace}.${metadata.name}` };
    const content = await api.get(place, signal);
    const { deletionPolicy } = (content?.["spec"] ?? {}) as { readonly deletionPolicy?: string };
    if (content?.metadata.uid !== undefined && deletionPolicy === "Retain")
      await api.delete(place, { preconditions: { uid: content.metadata.uid } }, signal);
  }
}

function unlessConflict(error: unknown): void {
  if (!(error instanceof HowdahError && error.code === "cluster/conflict")) throw error;
}

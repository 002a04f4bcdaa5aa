import { CODE_ROOT } from "../../kernel/label.ts";
import type { KubeObject, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Fleet } from "./fleet.ts";

type Api = Fleet["api"];

const DRIVER = "csi.played.test";

/** What a cluster with snapshots has besides, and a generation `g1` of the dataset of `namespace` with a database and the mount `files`. */
export async function makeDataset(api: Api, namespace: string, generations: readonly string[] = ["g1"]): Promise<void> {
  const ofStorage = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", provisioner: DRIVER };
  await api.apply(resources.StorageClass, { ...ofStorage, metadata: { name: "plain" } });
  await api.apply(resources.StorageClass, { ...ofStorage, metadata: { name: "copies", annotations: { "howdah.dev/copies": "true" } } });
  const snapshots = { apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshotClass", driver: DRIVER, deletionPolicy: "Delete" };
  await api.apply(resources.VolumeSnapshotClass, { ...snapshots, metadata: { name: "played" } });
  const documents: Record<string, string> = {};
  for (const id of generations) {
    const volumes = ["database", "files-files"].map((name) => ({
      ...{ name, snapshot: `${id}-${name}`, bytes: 1 },
      path: name === "database" ? null : `${CODE_ROOT}/files`,
    }));
    documents[`generation.${namespace}.${id}`] = JSON.stringify({ site: namespace, id, state: "current", volumes });
    for (const { snapshot } of volumes) await snapshotOf(api, namespace, snapshot);
  }
  const last = generations.at(-1) ?? "g1";
  documents[`current.${namespace}`] = JSON.stringify({ site: namespace, generation: last, since: "2026-11-21T12:00:00Z" });
  const former = (await api.get({ resource: resources.ConfigMap, namespace, name: "howdah-dataset" }))?.["data"] as object | undefined;
  const metadata = { name: "howdah-dataset", namespace };
  await api.apply(resources.ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { ...former, ...documents } });
}

async function snapshotOf(api: Api, namespace: string, name: string): Promise<void> {
  const spec = { volumeSnapshotClassName: "played", source: { persistentVolumeClaimName: `gone-${name}` } };
  await api.apply(resources.VolumeSnapshot, { ...snapshot, metadata: { name, namespace }, spec });
}

const snapshot = { apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshot" };

/** The snapshot controller's and the driver's work, once. */
export async function playSnapshots(api: Api): Promise<void> {
  for (const object of (await api.list(resources.VolumeSnapshot)).items) {
    if (object["status"] !== undefined) continue;
    const { name, namespace = "", uid = "" } = object.metadata;
    const { source } = object["spec"] as { readonly source: { readonly volumeSnapshotContentName?: string } };
    const content = source.volumeSnapshotContentName ?? `snapcontent-${uid}`;
    if (source.volumeSnapshotContentName === undefined) await makeContent(api, content, { name, namespace, uid });
    const status = { readyToUse: true, boundVolumeSnapshotContentName: content, restoreSize: "20Gi" };
    await api.mergePatch({ resource: resources.VolumeSnapshot, namespace, name }, { status }, { subresource: "status" });
  }
}

async function makeContent(api: Api, name: string, { uid, ...reference }: { name: string; namespace: string; uid: string }): Promise<void> {
  const spec = {
    ...{ deletionPolicy: "Delete", driver: DRIVER, volumeSnapshotClassName: "played", source: {} },
    volumeSnapshotRef: { ...reference, uid },
  };
  const object: KubeObject = { ...snapshot, kind: "VolumeSnapshotContent", metadata: { name }, spec };
  await api.create(resources.VolumeSnapshotContent, object);
  const place: ObjectName = { resource: resources.VolumeSnapshotContent, namespace: undefined, name };
  await api.mergePatch(place, { status: { snapshotHandle: `handle-${reference.name}` } }, { subresource: "status" });
}

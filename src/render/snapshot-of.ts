import type { PersistentVolumeClaim } from "./objects.ts";

/** The part of a claim that says what its volume is a copy of; nothing for one that begins empty. */
export function snapshotOf(name: string | null | undefined): Pick<PersistentVolumeClaim["spec"], "dataSource"> {
  if (name === null || name === undefined) return {};
  return { dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name } };
}

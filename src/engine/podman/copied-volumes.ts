import { chmod, chown } from "node:fs/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { COPIED_ANNOTATION, RUN_AS } from "../../kernel/label.ts";
import type { PersistentVolumeClaim } from "../../render/objects.ts";
import { copiedVolumeId } from "../copied-volume-id.ts";

/** Where volumes lie that are copies of snapshots, or may be copied themselves. The wiring makes it of the storage of datasets. */
export interface CopiedVolumes {
  /** The directory of a volume: a copy of a snapshot, or without one empty; what is there already is answered. */
  make(id: string, snapshot: string | undefined): Promise<string>;
  /** Takes one away; one that is not there is none. */
  destroy(id: string): Promise<void>;
  /** Makes sure that the directories of all of them can be entered: after a reboot a file with a file system may have to be mounted. */
  open(): Promise<void>;
}

/** Whether a claim's volume lies there. */
export function isCopied({ metadata, spec }: PersistentVolumeClaim): boolean {
  return spec.dataSource !== undefined || metadata.annotations?.[COPIED_ANNOTATION] === "true";
}

/** The directory that a claim's volume is bound to, for the containers' user. */
export async function copiedDirectory(copies: CopiedVolumes, namespace: string, claim: PersistentVolumeClaim): Promise<string> {
  const snapshot = claim.spec.dataSource?.name;
  const path = await copies.make(copiedVolumeId(namespace, claim.metadata.name), snapshot);
  if (snapshot === undefined) {
    await chown(path, RUN_AS, RUN_AS);
    await chmod(path, 0o770);
  }
  return path;
}

/** Of an engine that has no such storage: a cluster's storage classes, and tests. */
export const noCopiedVolumes: CopiedVolumes = {
  make: () => Promise.reject(new HowdahError("dataset/storage-broken", "This machine has no storage for copies of volumes")),
  destroy: () => Promise.resolve(),
  open: () => Promise.resolve(),
};

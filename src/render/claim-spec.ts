import type { Preview } from "../site/site.ts";
import { bytesOfQuantity } from "./cluster/quantity.ts";
import type { PersistentVolumeClaim } from "./objects.ts";

type ClaimSpec = PersistentVolumeClaim["spec"];

/**
 * What a claim of an environment says: what its volume is a copy of, where it has to lie for that, and at least the size of it. Without a snapshot it
 * begins empty.
 */
export function claimSpec(
  claim: { readonly name: string; readonly accessModes: ClaimSpec["accessModes"]; readonly storage: string },
  snapshot: string | null | undefined,
  data: Preview["data"] | undefined,
): ClaimSpec {
  const { storageClass = null, bytes = 0 } = data?.claims?.[claim.name] ?? {};
  const storage = bytes > bytesOfQuantity(claim.storage) ? String(bytes) : claim.storage;
  return {
    ...{ accessModes: claim.accessModes, resources: { requests: { storage } } },
    ...(storageClass === null ? {} : { storageClassName: storageClass }),
    ...(snapshot === null || snapshot === undefined
      ? {}
      : { dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: snapshot } }),
  };
}

import type { Generation } from "./generation.ts";

type Named = Pick<Generation, "site" | "id">;

/** The volume of a breed's raw data: never a source of anything, and destroyed. */
export function rawVolume({ site, id }: Named): string {
  return `${site}.${id}.${RAW_PART}`;
}

/** By what the watchdog knows raw data. */
export const RAW_PART = "raw";

/** The volume that a part of a generation is made in: `database`, `files-MOUNT`. */
export function nurseryVolume({ site, id }: Named, part: string): string {
  return `${site}.${id}.new-${part}`;
}

/** The snapshot of it: what is published. */
export function snapshotVolume({ site, id }: Named, part: string): string {
  return `${site}.${id}.${part}`;
}

/** A clone that is looked at before anything is published. */
export function trialVolume({ site, id }: Named): string {
  return `${site}.${id}.trial`;
}

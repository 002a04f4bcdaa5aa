import type { Generation, GenerationLease } from "../dataset/generation.ts";
import type { ShownVolume } from "./show-storage.ts";

/** A generation that is there, who keeps it there, and what it costs. */
export interface HeldSpace {
  readonly site: string;
  readonly generation: string;
  readonly isCurrent: boolean;
  /** Environments. */
  readonly holders: readonly string[];
  /** What would be free without it and without the environments that hold it. */
  readonly freesBytes: number;
}

type Known = Pick<Generation, "site" | "id" | "state">;

/**
 * What could be deleted for room, the largest first. What a generation and copies of it share is there once: so with its environments a generation frees all of
 * its own, and of each of theirs what only that one holds.
 */
export function heldSpace(
  volumes: readonly ShownVolume[],
  generations: readonly Known[],
  leases: readonly Pick<GenerationLease, "site" | "generation" | "holder">[],
): readonly HeldSpace[] {
  const held = generations
    .filter(({ state }) => state === "current" || state === "draining")
    .map(({ site, id, state }): HeldSpace => {
      const own = volumes.filter((volume) => volume.id.startsWith(`${site}.${id}.`));
      const ids = new Set(own.map((volume) => volume.id));
      const copies = volumes.filter(({ source, kind }) => kind === "clone" && source !== null && ids.has(source));
      const holders = leases.filter((lease) => lease.site === site && lease.generation === id).map(({ holder }) => holder);
      const freesBytes = sum(own, "totalBytes") + sum(copies, "ownBytes");
      return { site, generation: id, isCurrent: state === "current", holders, freesBytes };
    });
  return held.toSorted((a, b) => b.freesBytes - a.freesBytes);
}

function sum(volumes: readonly ShownVolume[], bytes: "ownBytes" | "totalBytes"): number {
  return volumes.reduce((all, { usage }) => all + (usage?.[bytes] ?? 0), 0);
}

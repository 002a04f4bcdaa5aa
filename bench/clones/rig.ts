import type { DatasetStorage } from "../../src/providers/dataset-storage/dataset-storage.ts";

/** What is measured on. */
export interface Rig {
  readonly directory: string;
  readonly btrfs: DatasetStorage;
  /** On XFS in a file of its own. */
  readonly reflink: DatasetStorage;
  readonly say: (line: string) => void;
  readonly rounds: number;
}

/** How long something took. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

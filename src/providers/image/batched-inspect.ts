import { setTimeout as sleep } from "node:timers/promises";
import { inspectImages, type StoredImage } from "./storage.ts";

/** Reads one image; undefined when the machine has none of that name. */
export type Inspect = (reference: string, signal?: AbortSignal) => Promise<StoredImage | undefined>;

/** Long enough for base images that are asked for side by side, each after reading a few small files. */
const WINDOW_MS = 4;

/** Reads images that are asked for at about the same time in one process of podman instead of one each: starting one costs more than its answer. */
export function batchedInspect(inspect: typeof inspectImages = inspectImages): Inspect {
  let batch: { readonly references: Set<string>; readonly found: ReturnType<typeof inspectImages> } | undefined;
  const begin = (signal: AbortSignal | undefined): NonNullable<typeof batch> => {
    const references = new Set<string>();
    const found = sleep(WINDOW_MS).then(() => {
      batch = undefined;
      return inspect([...references], signal);
    });
    return { references, found };
  };
  return async (reference, signal) => {
    batch ??= begin(signal);
    batch.references.add(reference);
    return (await batch.found).get(reference);
  };
}

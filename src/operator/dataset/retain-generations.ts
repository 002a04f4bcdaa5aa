import type { DatasetReport } from "../../workflows/dataset/dataset-report.ts";
import { generationName, listGenerations } from "../../workflows/dataset/generation.ts";
import { reapGenerations } from "../../workflows/dataset/publish-generation.ts";
import type { DatasetLook } from "./dataset-look.ts";
import { datasetSnapshots } from "./dataset-snapshots.ts";

/** A lease may come or go at any time, and nothing tells: generations that are there are looked at again after this. Milliseconds. */
export const RETAIN_AGAIN_MS = 60_000;

/**
 * Destroys superseded generations that nothing holds, but for as many as the site keeps, and what is left of breeds that were cut off. Only while nothing is
 * bred. Answers whether any are there.
 */
export async function retainGenerations(look: DatasetLook, keep: number): Promise<boolean> {
  const { datasets, namespace, ports, signal } = look;
  const known = await listGenerations(namespace, datasets);
  if (known.length === 0) return false;
  const storage = datasetSnapshots(ports.api, namespace, signal);
  await reapGenerations(namespace, keep - 1, { ...datasets, storage });
  const left = await listGenerations(namespace, datasets);
  const there = new Set(left.filter(({ state }) => ["sealed", "current", "draining"].includes(state)).map(({ id }) => id));
  for (const { id } of await storage.list()) if (!there.has(partOf(id, namespace))) await storage.destroy(id);
  await forgetReports(look, new Set(left.map(({ id }) => generationName(namespace, id))));
  return there.size > 0;
}

/** `g3` of `NAMESPACE.g3.database`. */
function partOf(id: string, namespace: string): string {
  return id.slice(namespace.length + 1).split(".")[0] ?? "";
}

/** A report is kept as long as its generation is remembered. */
async function forgetReports({ datasets }: DatasetLook, known: ReadonlySet<string>): Promise<void> {
  for (const report of (await datasets.reports.list()) as readonly Partial<DatasetReport>[]) {
    const name = generationName(report.site ?? "", report.generation ?? "");
    if (!known.has(name)) await datasets.reports.remove(name);
  }
}

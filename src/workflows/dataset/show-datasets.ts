import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BreedDocuments } from "./breed-journal.ts";
import type { DatasetPorts, Datasets } from "./dataset-ports.ts";
import type { DatasetReport } from "./dataset-report.ts";
import { currentGeneration, type Generation, generationName, holdersOf, listGenerations } from "./generation.ts";

/** A generation with who needs it. */
export interface ShownGeneration {
  readonly generation: Generation;
  readonly holders: readonly string[];
}

/** What showing reads: a machine's, or those of a cluster. */
export interface ShownPorts {
  readonly datasets: BreedDocuments & Pick<Datasets, "reports">;
  readonly machine: Pick<DatasetPorts["machine"], "isProcessAlive">;
}

/** Generations as this machine remembers them; one whose process died is shown as failed. */
export async function showDatasets(site: string | undefined, ports: ShownPorts): Promise<readonly ShownGeneration[]> {
  const { datasets, machine } = ports;
  const shown: ShownGeneration[] = [];
  for (const generation of await listGenerations(site, datasets)) {
    const journal = await datasets.journals.get(generation.site);
    const working = journal?.generation === generation.id && (await machine.isProcessAlive(journal.runner));
    const over = ["current", "draining", "reaped", "failed", "rejected"].includes(generation.state);
    const known: Generation =
      over || working ? generation : { ...generation, state: "failed", reason: `it was cut off while it was ${generation.state}` };
    shown.push({ generation: known, holders: await holdersOf(generation, datasets) });
  }
  return shown;
}

/** The generation that a person means: by its number, or the current one. Error: `dataset/none`. */
export async function requireGeneration(site: string, id: string | undefined, ports: Pick<ShownPorts, "datasets">): Promise<Generation> {
  const { datasets } = ports;
  const found = id === undefined ? await currentGeneration(site, datasets) : await datasets.generations.get(generationName(site, id));
  if (found !== undefined) return found;
  throw new HowdahError("dataset/none", id === undefined ? `${site} has no published dataset` : `${site} has no generation ${id}`);
}

/** The report of a generation, by default of the newest that has one: a rejected one is newer than what is published. Error: `dataset/none`. */
export async function requireReport(site: string, id: string | undefined, ports: Pick<ShownPorts, "datasets">): Promise<DatasetReport> {
  const known = (await listGenerations(site, ports.datasets)).toReversed();
  const wanted = known.find((one) => (id === undefined ? one.report !== null : one.id === id));
  const report = wanted?.report === null || wanted === undefined ? undefined : await ports.datasets.reports.get(wanted.report);
  if (report !== undefined) return report as DatasetReport;
  throw new HowdahError("dataset/none", `${site} has no report${id === undefined ? "" : ` of ${id}`}`);
}

import type { BreedDocuments, BreedJournal } from "./breed-journal.ts";
import type { DocumentStore } from "../ports.ts";
import type { CurrentGeneration, Generation, GenerationLease } from "./generation.ts";

/** What documents of a dataset hold, for adapters that know no workflow. */
export interface DatasetDocumentKinds {
  readonly generations: Generation;
  readonly current: CurrentGeneration;
  readonly leases: GenerationLease;
  readonly journals: BreedJournal;
  readonly reports: unknown;
}

/** What is remembered of the dataset of a cluster's namespace. */
export interface ClusterDatasets extends BreedDocuments {
  /** By `NAMESPACE.gN`. */
  readonly reports: DocumentStore<unknown>;
  /** The Job that may breed now; null: none may, and one that still does can write nothing any more. */
  setBreeder(job: string | null): Promise<void>;
}

import type { BreedJournal } from "./breed-journal.ts";
import type { CurrentGeneration, Generation, GenerationLease } from "./generation.ts";

/** What documents of a dataset hold, for adapters that know no workflow. */
export interface DatasetDocumentKinds {
  readonly generations: Generation;
  readonly current: CurrentGeneration;
  readonly leases: GenerationLease;
  readonly journals: BreedJournal;
  readonly reports: unknown;
}

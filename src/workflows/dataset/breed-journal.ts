import type { Clock } from "../../kernel/clock.ts";
import type { DocumentStore } from "../ports.ts";
import { type Generation, type GenerationDocuments, generationName, type GenerationState } from "./generation.ts";

/** What a breed has begun, written before it begins it. By the site's namespace: a site has one breed at a time. Holds no secret. */
export interface BreedJournal {
  readonly site: string;
  readonly generation: string;
  readonly step: GenerationState;
  /** The process that breeds; dead, with a journal left: it was cut off. */
  readonly runner: string;
  readonly startedAt: string;
  /** When each step began, RFC 3339. */
  readonly steps: readonly { readonly step: GenerationState; readonly at: string }[];
}

/** Documents that a breed writes. */
export interface BreedDocuments extends GenerationDocuments {
  readonly journals: DocumentStore<BreedJournal>;
}

/** A journal that is being written. */
export interface OpenBreed {
  generation(): Generation;
  /** Enters a step; what is learned of the generation is written down with it. On disk when this is done. */
  at(step: GenerationState, learned?: Partial<Generation>): Promise<void>;
  steps(): BreedJournal["steps"];
}

/** Begins a journal. */
export async function openBreed(
  generation: Generation,
  runner: string,
  documents: BreedDocuments,
  clock: Pick<Clock, "now">,
): Promise<OpenBreed> {
  let known = generation;
  const begun: BreedJournal = {
    ...{ site: known.site, generation: known.id, step: known.state, runner, startedAt: known.requestedAt },
    steps: [{ step: known.state, at: known.requestedAt }],
  };
  let journal = begun;
  // The journal comes first: a generation without one that is no end of the road was never begun.
  await documents.journals.put(known.site, journal);
  await documents.generations.put(generationName(known.site, known.id), known);
  return {
    generation: () => known,
    steps: () => journal.steps,
    at: async (step, learned = {}) => {
      journal = { ...journal, step, steps: [...journal.steps, { step, at: new Date(clock.now()).toISOString() }] };
      await documents.journals.put(known.site, journal);
      known = { ...known, ...learned, state: step };
      await documents.generations.put(generationName(known.site, known.id), known);
    },
  };
}

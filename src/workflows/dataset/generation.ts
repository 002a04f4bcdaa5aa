import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DocumentStore } from "../ports.ts";

/** Where a generation is on its way; the drawing is in `breed-dataset.ts`. */
export type GenerationState =
  | "requested"
  | "capturing"
  | "raw"
  | "preflight"
  | "masking"
  | "scrubbing"
  | "verifying"
  | "sealed"
  | "current"
  | "draining"
  | "reaped"
  | "failed"
  | "rejected";

/** Where a generation's data came from. */
export type GenerationSource =
  | { readonly kind: "site"; readonly server: string; readonly database: string }
  | { readonly kind: "backup"; readonly server: string; readonly database: string; readonly backup: string }
  | { readonly kind: "outside"; readonly server: string; readonly database: string };

/** One read-only snapshot of a generation. */
export interface GenerationVolume {
  /** `database`, or `files-MOUNT`. */
  readonly name: string;
  /** Absolute in the site's containers; null for the database. */
  readonly path: string | null;
  /** Its id in the dataset storage: what is cloned. */
  readonly snapshot: string;
  readonly bytes: number;
}

/** What is known of one generation of a site's dataset. Never changed once it is current, but for its state. Holds no secret. */
export interface Generation {
  /** The site's namespace. */
  readonly site: string;
  /** `g1`, `g2`…: never used twice. */
  readonly id: string;
  readonly state: GenerationState;
  readonly source: GenerationSource;
  /** RFC 3339. */
  readonly requestedAt: string;
  /** The moment that the data shows; null until it is captured. */
  readonly capturedAt: string | null;
  readonly publishedAt: string | null;
  /** Where the source's binlog was; null for a server without one. */
  readonly position: { readonly file: string; readonly offset: number; readonly gtid: string | null } | null;
  /** Version of MariaDB that wrote the files: who starts a clone needs this one or a newer one. */
  readonly version: string | null;
  /** The release that served when it was captured, whose migrations the data has; null: none did. */
  readonly release: string | null;
  /** Of the source's tables and columns, and of the rules as they were compiled. */
  readonly schemaHash: string | null;
  readonly planHash: string | null;
  /** Empty until it is sealed. */
  readonly volumes: readonly GenerationVolume[];
  /** Name of the document with the report of its anonymization; null: none yet. */
  readonly report: string | null;
  /** Why it failed or was rejected. */
  readonly reason: string | null;
  /** Its site was purged while somebody still had it: it is theirs alone, and nothing of the next site of that name. */
  readonly disowned?: true;
}

/** Which generation environments of a site are opened from. */
export interface CurrentGeneration {
  readonly site: string;
  readonly generation: string;
  /** RFC 3339. */
  readonly since: string;
}

/** Who needs a generation to stay. */
export interface GenerationLease {
  readonly site: string;
  readonly generation: string;
  /** An environment's namespace: no two holders of a machine have the same. */
  readonly holder: string;
  /** RFC 3339. */
  readonly since: string;
}

/** The documents of datasets. */
export interface GenerationDocuments {
  /** By `SITE.gN`. */
  readonly generations: DocumentStore<Generation>;
  /** By the site's namespace. */
  readonly current: DocumentStore<CurrentGeneration>;
  /** By `HOLDER.gN`. */
  readonly leases: DocumentStore<GenerationLease>;
}

/** The database in every generation: nothing in it names production's. */
export const DATASET_DATABASE = "dataset";

/** Where a generation is written down. */
export function generationName(site: string, id: string): string {
  return `${site}.${id}`;
}

/** The generation that environments of a site are opened from now; undefined: none was published yet. */
export async function currentGeneration(
  site: string,
  { current, generations }: Pick<GenerationDocuments, "current" | "generations">,
): Promise<Generation | undefined> {
  const pointer = await current.get(site);
  return pointer === undefined ? undefined : await generations.get(generationName(site, pointer.generation));
}

/** All generations of a site that are remembered, oldest first; without a site those of all. */
export async function listGenerations(
  site: string | undefined,
  { generations }: Pick<GenerationDocuments, "generations">,
): Promise<readonly Generation[]> {
  const known = await generations.list(site === undefined ? undefined : `${site}.`);
  return known.toSorted((a, b) => (a.site === b.site ? numberOf(a.id) - numberOf(b.id) : a.site < b.site ? -1 : 1));
}

/** The N of `gN`. */
export function numberOf(id: string): number {
  return Number(id.slice(1));
}

const CAN_BE_LEASED: readonly GenerationState[] = ["current", "draining"];

/**
 * Keeps a generation from being reaped: the current one, or the one that is named. The lease is written first and the generation looked at then, as the
 * reaper writes first that it reaps and looks for leases then: so at least one of them sees the other, without a lock. A holder may have leases of two
 * generations, while it goes from one to the other. Of a site that was purged only those get one who have it. Error: `dataset/none`.
 */
export async function leaseGeneration(
  site: string,
  holder: string,
  documents: GenerationDocuments,
  options: { readonly at: string; readonly generation?: string },
): Promise<Generation> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const id = options.generation ?? (await documents.current.get(site))?.generation;
    if (id === undefined) break;
    const name = `${holder}.${id}`;
    const before = await documents.leases.get(name);
    await documents.leases.put(name, { site, generation: id, holder, since: options.at });
    const found = await documents.generations.get(generationName(site, id));
    const isTheirs = found?.disowned !== true || before !== undefined;
    if (found !== undefined && isTheirs && CAN_BE_LEASED.includes(found.state)) return found;
    if (before === undefined) await documents.leases.remove(name);
  }
  const which = options.generation === undefined ? "no published dataset" : `no generation ${options.generation} of its dataset any more`;
  throw new HowdahError("dataset/none", `${site} has ${which}`, {
    hint: `\`howdah dataset ls ${site}\` shows what there is, \`howdah dataset breed ${site}\` makes a new one.`,
  });
}

/** Lets go of one generation, or of all that a holder has. */
export async function releaseLease(holder: string, { leases }: Pick<GenerationDocuments, "leases">, generation?: string): Promise<void> {
  for (const lease of await leases.list(`${holder}.`)) {
    if (generation !== undefined && lease.generation !== generation) continue;
    await leases.remove(`${holder}.${lease.generation}`);
  }
}

/** Who holds a generation. */
export async function holdersOf(
  { site, id }: Pick<Generation, "site" | "id">,
  { leases }: Pick<GenerationDocuments, "leases">,
): Promise<readonly string[]> {
  const all = await leases.list();
  return all.filter((lease) => lease.site === site && lease.generation === id).map(({ holder }) => holder);
}

import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import type { PrivateServers } from "../../providers/dataset/private-server.ts";
import type { EngineContext } from "../ports.ts";
import { type BreedDocuments, openBreed, type OpenBreed } from "./breed-journal.ts";
import type { Captured } from "./capture/captured.ts";
import { type Generation, type GenerationSource, type GenerationVolume, listGenerations, numberOf } from "./generation.ts";
import { destroyVolumes, destroyWorking, publishGeneration, reapGenerations } from "./publish-generation.ts";
import { recoverBreed } from "./recover-breeds.ts";

/** What stopped a dataset after it was made: its report says it, and it is destroyed. */
export interface Verdict {
  /** Null: nothing was found, it may be published. */
  readonly rejected: string | null;
}

/** The work of each step, one after another; each may be cut off anywhere, as the whole begins anew with another generation. */
export interface BreedParts {
  readonly site: string;
  readonly source: GenerationSource;
  /** How many superseded generations are kept. */
  readonly keep: number;
  /** Reads the source's definitions and compiles the rules: seconds, and nothing of it is long. Error: `dataset/unclassified`. */
  preflight(context: EngineContext): Promise<{ readonly schemaHash: string; readonly planHash: string; readonly release: string | null }>;
  capture(generation: Generation, context: EngineContext): Promise<Captured>;
  /** Takes the tables out of what was captured, looks once more whether the rules know all of it, and copies files. */
  open(generation: Generation, context: EngineContext): Promise<void>;
  mask(generation: Generation, context: EngineContext): Promise<void>;
  scrub(generation: Generation, context: EngineContext): Promise<void>;
  /** Looks at what would be published, and writes the report. */
  verify(generation: Generation, context: EngineContext): Promise<Verdict & { readonly volumes: readonly GenerationVolume[] }>;
  /** Writes the report of one that did not come that far; answers its name, if there is anything to report. */
  report(generation: Generation, steps: ReturnType<OpenBreed["steps"]>): Promise<string | null>;
  /** Ends servers and forgets what is in memory; called however it ended. */
  close(): Promise<void>;
}

/** What breeding acts on. */
export interface BreedPorts extends BreedDocuments {
  readonly storage: DatasetStorage;
  readonly servers: PrivateServers;
  readonly clock: Pick<Clock, "now">;
  readonly processIdentity: () => Promise<string>;
  readonly isProcessAlive: (identity: string) => Promise<boolean>;
}

/**
 * Breeds one generation of a site's dataset. Each step is in the journal before it begins. Killed anywhere before it is sealed, the next command or the agent
 * destroys what there is and the published generation stays; killed after that, they publish it.
 *
 * ```
 *  requested ─▶ preflight ─▶ capturing ─▶ raw ───────▶ masking ──▶ scrubbing ─▶ verifying ─▶ sealed ─▶ current ─▶ draining ─▶ reaped
 *  a number     source's     files of     tables are    new tables  raw tables   a clone is   snap-     one        somebody    nobody
 *  of its own   definitions, the site's   attached to   filled,     dropped,     started and  shots     atomic     still has   has it
 *               every column tables, in   an empty      keys,       accounts,    searched,              write      it          and it is
 *               known: in    quarantine   server, rules views…      logs, redo   files are                                     old
 *               seconds                   asked again               small        searched
 *      │             │            │          │             │            │            │
 *      └─────────────┴────────────┴──────────┴──── failed ─┴────────────┘            └─▶ rejected: the report stays, the data is destroyed
 * ```
 */
export async function breedDataset(parts: BreedParts, ports: BreedPorts, context: EngineContext): Promise<Generation> {
  await recoverBreed(parts.site, ports);
  const journal = await openBreed(await requested(parts, ports), await ports.processIdentity(), ports, ports.clock);
  try {
    await upToSealed(parts, journal, ports, context);
  } catch (error) {
    await parts.close().catch(() => undefined);
    await giveUp(error, parts, journal, ports);
    throw error;
  }
  await parts.close();
  const published = await publishGeneration(journal.generation(), now(ports), ports);
  await destroyWorking(published, ports.storage);
  await ports.journals.remove(parts.site);
  await reapGenerations(parts.site, parts.keep, ports);
  return published;
}

async function requested({ site, source }: BreedParts, ports: BreedPorts): Promise<Generation> {
  const last = (await listGenerations(site, ports)).at(-1);
  const id = `g${String(last === undefined ? 1 : numberOf(last.id) + 1)}`;
  return {
    ...{
      site,
      id,
      state: "requested",
      source,
      requestedAt: now(ports),
      capturedAt: null,
      publishedAt: null,
      position: null,
      version: null,
    },
    ...{ release: null, schemaHash: null, planHash: null, volumes: [], report: null, reason: null },
  };
}

async function upToSealed(parts: BreedParts, journal: OpenBreed, ports: BreedPorts, context: EngineContext): Promise<void> {
  await journal.at("preflight");
  const known = await parts.preflight(context);
  await journal.at("capturing", known);
  const { at, position, version } = await parts.capture(journal.generation(), context);
  await journal.at("raw", { capturedAt: at, position, version });
  await parts.open(journal.generation(), context);
  await journal.at("masking");
  await parts.mask(journal.generation(), context);
  await journal.at("scrubbing");
  await parts.scrub(journal.generation(), context);
  await journal.at("verifying");
  const { rejected, volumes } = await parts.verify(journal.generation(), context);
  if (rejected !== null) throw new HowdahError("dataset/rejected", `The dataset of ${parts.site} was not published: ${rejected}`);
  const report = await parts.report(journal.generation(), journal.steps());
  await journal.at("sealed", { volumes, report });
}

/** The data goes first: what fails after that is done by whoever comes next, as the journal is still there. */
async function giveUp(error: unknown, parts: BreedParts, journal: OpenBreed, ports: BreedPorts): Promise<void> {
  const generation = journal.generation();
  await ports.servers.sweep(`${generation.site}.${generation.id}`);
  await destroyVolumes(generation, ports.storage);
  const reason = reasonOf(error);
  const report = await parts.report(generation, journal.steps()).catch(() => null);
  const rejected = error instanceof HowdahError && error.code === "dataset/rejected";
  await journal.at(rejected ? "rejected" : "failed", { reason, report });
  await ports.journals.remove(generation.site);
}

/** What the system says of a file holds its path, and that of an upload may hold a person's name: of those only what failed is kept. */
function reasonOf(error: unknown): string {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (path !== undefined) return `${syscall ?? "a file"} failed: ${code ?? "unknown"}`;
  return error instanceof Error ? error.message : String(error);
}

function now({ clock }: Pick<BreedPorts, "clock">): string {
  return new Date(clock.now()).toISOString();
}

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { maskKey, type MaskKey } from "../../anonymize/masks/mask-key.ts";
import { CODE_ROOT } from "../../kernel/label.ts";
import { DATASET_SECRET } from "../../kernel/own-names.ts";
import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import type { Site } from "../../site/site.ts";
import { requireRoomToBreed } from "../dataset-storage/require-room-to-breed.ts";
import { readableBytes } from "../database/byte-progress.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import type { Stage } from "../up/stages.ts";
import type { BreedParts, Verdict } from "./breed-dataset.ts";
import type { BreedSource } from "./breed-source.ts";
import { checkClone, checkCounts, checkJoins } from "./check-rows.ts";
import { CAPTURE } from "./capture/capture-site.ts";
import type { Captured } from "./capture/captured.ts";
import type { Datasets } from "./dataset-ports.ts";
import { type DatasetCheck, type DatasetReport, type ReportedTable, stepSeconds } from "./dataset-report.ts";
import { type CopiedMount, copyMount, type ReadMount } from "./files/copy-mount.ts";
import { judgeFiles } from "./files/judge-files.ts";
import { type Generation, type GenerationDocuments, generationName, type GenerationVolume } from "./generation.ts";
import { type BreedHunt, huntIn, SEARCHING } from "./hunt/breed-hunt.ts";
import { VERIFYING } from "./hunt/hunt-rows.ts";
import { addForeignKeys } from "./masking/foreign-keys.ts";
import { makePrograms } from "./masking/make-programs.ts";
import { makeNursery } from "./masking/make-nursery.ts";
import { MASKING, type MaskedTable, maskTables } from "./masking/mask-tables.ts";
import { closeTables, OPENING, type OpenTables, openTables } from "./masking/open-tables.ts";
import { scrubServer } from "./masking/scrub-server.ts";
import { checkPlan, datasetMounts } from "./preflight.ts";
import { prepareQuarantine, type Quarantine } from "./quarantine.ts";
import { startTrial } from "./trial-server.ts";
import { nurseryVolume, rawVolume, snapshotVolume, trialVolume } from "./volume-names.ts";

/** What a breed's steps act on. */
export interface SiteBreedPorts {
  readonly datasets: GenerationDocuments & Pick<Datasets, "reports" | "servers">;
  readonly secrets: Pick<Ports["secrets"], "getOrGenerate">;
  readonly clock: Pick<Ports["clock"], "now">;
}

/** What a breed of a site is made of. */
export interface SiteBreed {
  readonly record: SiteRecord;
  /** With the rules of its file as it is now. */
  readonly site: Site;
  readonly source: BreedSource;
  readonly storage: DatasetStorage;
  readonly stage: Stage;
  readonly readMount: ReadMount;
  readonly ports: SiteBreedPorts;
}

/** Tables, or parts of a large one, that are masked at one time: production's processors are not all ours. */
const WORKERS = 2;

/** What is learned while a breed goes on. */
interface Learned {
  quarantine?: Quarantine;
  captured?: Captured;
  open?: OpenTables;
  hunt?: BreedHunt;
  masked: readonly MaskedTable[];
  files: CopiedMount[];
  checks: DatasetCheck[];
  leftOut: string[];
}

/** The steps of a site's breed, as they are done on one machine. */
export function siteBreed(breed: SiteBreed): BreedParts {
  const { record, site, source, stage, ports } = breed;
  const learned: Learned = { masked: [], files: [], checks: [], leftOut: [] };
  return {
    site: record.namespace,
    source: source.source,
    keep: (site.dataset?.keep ?? 1) - 1,
    preflight: () =>
      stage("dataset/preflight", "Does every column have a rule?", async () => {
        await requireRoomToBreed(record.namespace, breed.storage, ports);
        const schema = await source.schema();
        const { schemaHash, planHash } = schema === null ? { schemaHash: "", planHash: "" } : checkPlan(site, schema);
        return { schemaHash, planHash, release: record.serving?.release ?? null };
      }),
    capture: (generation, context) => {
      const bytes = ({ bytes: captured }: Captured): string => readableBytes(captured);
      return stage(CAPTURE, `Capturing ${source.source.database}`, () => capture(generation, breed, learned, context), bytes);
    },
    open: (generation, context) => open(generation, breed, learned, context),
    mask: (_generation, context) => mask(breed, learned, context),
    scrub: (_generation, context) =>
      stage("dataset/scrub", "Forgetting accounts, logs and raw tables", () =>
        scrubServer(required(learned.open).nursery, { servers: ports.datasets.servers }, context),
      ),
    verify: (generation, context) => verify(generation, breed, learned, context),
    report: (generation, steps) => report(generation, steps, breed, learned),
    close: () => Promise.resolve(),
  };
}

/** What an earlier step has made. */
function required<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("a step of a breed came before the one that it needs");
  return value;
}

async function capture(
  generation: Generation,
  { source, storage }: SiteBreed,
  learned: Learned,
  context: EngineContext,
): Promise<Captured> {
  const image = await source.image(context);
  const directory = await storage.createVolume(rawVolume(generation), context.signal);
  const quarantine: Quarantine = { breed: generationName(generation.site, generation.id), directory, image };
  await prepareQuarantine(quarantine);
  learned.quarantine = quarantine;
  learned.captured = await source.capture(quarantine, context);
  return learned.captured;
}

async function open(generation: Generation, breed: SiteBreed, learned: Learned, context: EngineContext): Promise<void> {
  const { site, record, storage, stage, ports } = breed;
  const quarantine = required(learned.quarantine);
  const captured = required(learned.captured);
  const { servers } = ports.datasets;
  const check: Parameters<typeof openTables>[0]["check"] = (schema) => checkPlan(site, schema).plan;
  const volume = nurseryVolume(generation, "database");
  const nursery = () => makeNursery({ quarantine, volume, version: captured.version }, { storage, servers }, context);
  learned.open = await stage(OPENING, "Attaching tables to a private server", () =>
    openTables({ quarantine, captured, check, nursery }, { servers }, context),
  );
  await rm(join(quarantine.directory, "source"), { recursive: true, force: true }); // neighbours' undo and redo
  const judge = judgeFiles(learned.open.plan);
  for (const mount of datasetMounts(record.site)) {
    const directory = await storage.createVolume(nurseryVolume(generation, `files-${mount.volume}`), context.signal);
    const path = `${CODE_ROOT}/${mount.path}`;
    learned.files.push(await copyMount({ path, directory, judge: judge(mount.path) }, breed.readMount, context));
  }
}

async function mask({ record, site, stage, ports }: SiteBreed, learned: Learned, context: EngineContext): Promise<void> {
  const opened = required(learned.open);
  const { plan, schema, definitions, breeder, connection } = opened;
  const created = new Map(definitions.tables.map((table) => [table.name, table.created]));
  const rows = new Map(schema.tables.map((table) => [table.name, table.rows]));
  const floats = new Set(
    schema.tables.flatMap(({ name, columns }) => columns.flatMap((one) => (one.type === "float" ? [`${name}.${one.name}`] : []))),
  );
  const key = await keyOf(record, ports);
  learned.hunt = await stage("dataset/canaries", "Remembering values of production to look for", () => huntIn(opened, site, connection));
  learned.masked = await stage(
    MASKING,
    "Anonymizing",
    () => maskTables({ plan, created, rows, floats, breeder, key, workers: WORKERS }, context),
    (masked) => `${masked.reduce((sum, one) => sum + (one.rows ?? 0), 0).toLocaleString("en")} rows`,
  );
  await stage("dataset/keys", "Foreign keys, views, triggers and routines", async () => {
    learned.checks.push(await checkCounts(opened, learned.masked));
    learned.leftOut.push(...(await addForeignKeys(plan, created, connection)));
    learned.checks.push(await checkJoins(opened));
    learned.leftOut.push(...(await makePrograms(definitions.programs, connection)), ...definitions.leftOut.map((name) => `event ${name}`));
  });
  await closeTables(opened);
}

/** The site's own: the same value has the same fake in every refresh, and nobody without it finds out whose. */
async function keyOf({ namespace }: SiteRecord, { secrets }: SiteBreedPorts): Promise<MaskKey> {
  return maskKey(await secrets.getOrGenerate(namespace, DATASET_SECRET, "mask-key", { bytes: 43, encoding: "alphanumeric" }));
}

/** Searches what would be published, file by file and row by row, in a clone that is started as environments start it. */
async function verify(
  generation: Generation,
  breed: SiteBreed,
  learned: Learned,
  context: EngineContext,
): Promise<Verdict & { readonly volumes: readonly GenerationVolume[] }> {
  const { stage, storage } = breed;
  const volumes = await stage(SEARCHING, "Searching every file for values of production", () =>
    searchAll(generation, breed, learned, context),
  );
  await storage.destroy(rawVolume(generation)); // nothing needs it any more, whatever the verdict
  await stage(VERIFYING, "Searching every row of a clone", () => verifyClone(generation, breed, learned, context));
  const failed = learned.checks.filter(({ passed }) => !passed);
  const rejected = failed.length === 0 ? null : failed.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
  return { rejected, volumes };
}

async function searchAll(
  generation: Generation,
  { storage, record }: SiteBreed,
  learned: Learned,
  context: EngineContext,
): Promise<readonly GenerationVolume[]> {
  const hunt = required(learned.hunt);
  const mounts = datasetMounts(record.site).map(({ volume, path }) => ({ name: `files-${volume}`, path: `${CODE_ROOT}/${path}` }));
  const volumes: GenerationVolume[] = [];
  for (const { name, path } of [{ name: "database", path: null }, ...mounts]) {
    const directory = await storage.directory(nurseryVolume(generation, name));
    learned.checks.push(...(await hunt.inFiles(name, directory, context)));
    const snapshot = snapshotVolume(generation, name);
    await storage.snapshot(nurseryVolume(generation, name), snapshot, context.signal);
    const { totalBytes } = await storage.usage(snapshot, context.signal);
    volumes.push({ name, path, snapshot, bytes: totalBytes });
  }
  const unknown = learned.files.flatMap(({ path, unknown: its }) => its.map((one) => `${path}/${one}`));
  if (unknown.length > 0) learned.checks.push({ name: "files", passed: false, detail: "no rule knows them", places: unknown });
  return volumes;
}

async function verifyClone(generation: Generation, { storage, ports }: SiteBreed, learned: Learned, context: EngineContext): Promise<void> {
  const quarantine = required(learned.quarantine);
  const trial = trialVolume(generation);
  const directory = await storage.clone(snapshotVolume(generation, "database"), trial, context.signal);
  const { servers } = ports.datasets;
  const server = await startTrial({ breed: quarantine.breed, image: quarantine.image, directory }, { servers }, context);
  const connection = await server.connect();
  learned.checks.push(await checkClone(required(learned.open), learned.masked, connection));
  learned.checks.push(...(await required(learned.hunt).inRows(connection, context)));
  await connection.close();
  await server.stop(false);
  await storage.destroy(trial);
}

/** What the report says of a table beside how it was filled. */
function reported(learned: Learned): readonly ReportedTable[] {
  const plans = new Map((learned.open?.plan.tables ?? []).map((table) => [table.name, table]));
  return learned.masked.map((masked) => {
    const plan = plans.get(masked.name);
    const columns = (plan?.columns ?? []).filter(({ strategy }) => strategy !== "keep").map(({ name, strategy }) => ({ name, strategy }));
    return { ...masked, because: plan?.because ?? "", columns };
  });
}

async function report(
  generation: Generation,
  steps: Parameters<BreedParts["report"]>[1],
  { source, ports }: SiteBreed,
  learned: Learned,
): Promise<string | null> {
  if (learned.captured === undefined) return null;
  const name = generationName(generation.site, generation.id);
  const failed = learned.checks.filter(({ passed }) => !passed);
  const outcome = generation.state === "verifying" ? (failed.length === 0 ? "published" : "rejected") : "failed";
  const written: DatasetReport = {
    ...{ version: 1, site: generation.site, generation: generation.id, source: source.source, outcome },
    reason: failed.length === 0 ? null : failed.map(({ detail }) => detail).join("; "),
    ...{ capturedAt: generation.capturedAt, capturedBytes: learned.captured.bytes },
    steps: stepSeconds(steps, new Date(ports.clock.now()).toISOString()),
    ...{ tables: reported(learned), files: learned.files, checks: learned.checks, leftOut: learned.leftOut },
  };
  await ports.datasets.reports.put(name, written);
  return name;
}

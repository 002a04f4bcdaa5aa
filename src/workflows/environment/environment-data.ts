import { CODE_ROOT } from "../../kernel/label.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { copiedFromId, copiedVolumeId } from "../../engine/copied-volume-id.ts";
import { OWN_SERVER_CLAIM } from "../../render/database/render-environment-server.ts";
import { CODE_CLAIM } from "../../render/site/render-volumes.ts";
import type { Preview, Site } from "../../site/site.ts";
import { type Generation, type GenerationDocuments, leaseGeneration, releaseLease } from "../dataset/generation.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { emptyDatabase } from "./empty-database.ts";
import { type EnvironmentData, type EnvironmentRecord, requireEnvironment } from "./environment.ts";
import { requireReadable, SAME_VERSION } from "./require-readable.ts";

/** Which data a person asked for. */
export type WantedData =
  | { readonly kind: "dataset"; readonly generation: string | undefined }
  | { readonly kind: "fresh" }
  /** `review` or `shop--review`, of the same site. */
  | { readonly kind: "clone"; readonly of: string };

export type DataPorts = Pick<
  Ports,
  "environments" | "datasets" | "datasetStorage" | "engine" | "locks" | "records" | "clock" | "sharedImages"
>;

type Snapshots = Preview["data"];

const NOTHING: Snapshots = { database: null, mounts: {} };

/**
 * Pins what an environment's data is to be a copy of, and answers the snapshots. A generation is leased under the environment's name, so it stays as long as
 * the environment; another environment's volumes are copied now. Safe to repeat. Errors: `dataset/none`, `dataset/storage-*`, `environment/unknown`,
 * `usage/invalid`.
 */
export async function pinData(
  { namespace, of }: Pick<EnvironmentRecord, "namespace" | "of">,
  wanted: WantedData,
  site: Site,
  ports: DataPorts,
  context: EngineContext,
): Promise<{ readonly data: EnvironmentData; readonly snapshots: Snapshots }> {
  if (wanted.kind === "fresh") return { data: wanted, snapshots: { ...NOTHING, database: await emptyDatabase(site, ports, context) } };
  if (wanted.kind === "clone") {
    const data = await cloneSource(wanted.of, { namespace, of }, ports);
    const version = (await ports.records.get(data.of))?.site.database?.version ?? null;
    requireReadable({ what: data.of, version, hint: SAME_VERSION }, site);
    return { data, snapshots: await copyOf(data.of, namespace, ports, context) };
  }
  const documents = generationsOf(of, ports);
  const at = new Date(ports.clock.now()).toISOString();
  const { generation: asked } = wanted;
  const found = await leaseGeneration(of, namespace, documents, { at, ...(asked === undefined ? {} : { generation: asked }) });
  const hint = `${SAME_VERSION} When the site itself has it now, \`howdah dataset breed ${of}\` makes a dataset of it.`;
  requireReadable({ what: `${found.id} of ${of}`, version: found.version, hint }, site);
  return { data: { kind: "dataset", generation: found.id }, snapshots: snapshotsOf(found, site) };
}

/** Lets go of generations that an environment had before, and of all when it goes. */
export async function letGoOfData(
  namespace: string,
  keep: EnvironmentData | null,
  ports: Pick<Ports, "datasets" | "datasetStorage">,
): Promise<void> {
  const { datasets } = ports;
  if (datasets !== undefined) {
    const kept = keep?.kind === "dataset" ? keep.generation : undefined;
    for (const { generation } of await datasets.leases.list(`${namespace}.`))
      if (generation !== kept) await releaseLease(namespace, datasets, generation);
  }
  if (keep !== null && keep.kind === "clone") return;
  const storage = await ports.datasetStorage?.existing();
  const prefix = copiedFromId(namespace, "");
  for (const { id } of (await storage?.list()) ?? []) if (id.startsWith(prefix)) await storage?.destroy(id);
}

/**
 * The environment that another one is to be a copy of. Only those of the same site: a site itself has production's data, and another site's environment has
 * nothing to do with this one. Errors: `environment/unknown` with those that there are; `usage/invalid`.
 */
export async function cloneSource(
  given: string,
  { namespace, of }: Pick<EnvironmentRecord, "namespace" | "of">,
  ports: Pick<Ports, "environments">,
): Promise<Extract<EnvironmentData, { readonly kind: "clone" }>> {
  const source = await requireEnvironment(given, of, ports);
  if (source.namespace !== namespace) return { kind: "clone", of: source.namespace };
  throw new HowdahError("usage/invalid", `${namespace} can't be a copy of itself`, {
    hint: "`howdah env ls` lists the environments that it could be a copy of.",
  });
}

function generationsOf(site: string, { datasets }: Pick<Ports, "datasets">): GenerationDocuments {
  if (datasets !== undefined) return datasets;
  throw new HowdahError("dataset/none", `${site} has no published dataset`, {
    hint: "`--fresh` makes an environment with an empty database.",
  });
}

/** The database, and of the mounts those that the site still has. */
export function snapshotsOf({ volumes }: Pick<Generation, "volumes">, site: Site): Snapshots {
  const paths = new Map(volumes.flatMap(({ path, snapshot }) => (path === null ? [] : [[path, snapshot] as const])));
  const mounts = site.mounts.flatMap(({ path, volume, storage }) => {
    const snapshot = storage === "shared" ? (paths.get(`${CODE_ROOT}/${path}`) ?? paths.get(path)) : undefined;
    return snapshot === undefined ? [] : [[volume, snapshot] as const];
  });
  return { database: volumes.find(({ name }) => name === "database")?.snapshot ?? null, mounts: Object.fromEntries(mounts) };
}

/** Snapshots of another environment's volumes, of one moment: where the storage can't take one of files that are written to, that environment rests meanwhile. */
async function copyOf(source: string, namespace: string, ports: DataPorts, context: EngineContext): Promise<Snapshots> {
  const record = await ports.records.get(source);
  const storage = await ports.datasetStorage?.open();
  if (record === undefined || storage === undefined) throw new HowdahError("environment/unknown", `There is no environment ${source}`);
  const { site } = record;
  const shared = site.mounts.filter((mount) => mount.storage === "shared").map(({ volume }) => volume);
  const mounts = [...shared, ...(site.code === "writable" ? [CODE_CLAIM] : [])];
  const all = [...(record.database === null ? [] : [OWN_SERVER_CLAIM]), ...mounts];
  const there = new Set((await storage.list()).map(({ id }) => id));
  const missing = all.filter((claim) => !there.has(copiedFromId(namespace, claim)));
  const { atomicSnapshot } = await storage.probe();
  const take = async (): Promise<void> => {
    for (const claim of missing) await storage.snapshot(copiedVolumeId(source, claim), copiedFromId(namespace, claim), context.signal);
  };
  if (missing.length > 0) await (atomicSnapshot ? take() : atRest(source, take, ports, context));
  const ids = mounts.map((claim) => [claim, copiedFromId(namespace, claim)] as const);
  return {
    database: record.database === null ? null : copiedFromId(namespace, OWN_SERVER_CLAIM),
    mounts: Object.fromEntries(ids),
  };
}

const PATIENCE_MS = 300_000;
const PAUSE_MS = 500;

/** Does something while an environment rests; one that is asked for it by several commands rests for one after another. */
async function atRest(source: string, work: () => Promise<void>, ports: DataPorts, context: EngineContext): Promise<void> {
  const until = ports.clock.now() + PATIENCE_MS;
  for (;;) {
    try {
      await ports.locks.hold(source, "env clone", async () => {
        const isRunning = (await ports.engine.use(source)).state === "running";
        if (isRunning) await ports.engine.scaleDown(source, context);
        try {
          await work();
        } finally {
          if (isRunning) await ports.engine.scaleUp(source, { ...context, signal: new AbortController().signal });
        }
      });
      return;
    } catch (error) {
      if (!(error instanceof HowdahError && error.code === "machine/busy") || ports.clock.now() >= until) throw error;
      await ports.clock.sleep(PAUSE_MS, context.signal);
    }
  }
}

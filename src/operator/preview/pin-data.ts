import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { OWN_SERVER_CLAIM } from "../../render/database/render-environment-server.ts";
import { CODE_CLAIM } from "../../render/site/render-volumes.ts";
import type { EnvironmentSpec } from "../../resources/schema/environment.ts";
import type { Preview, Site } from "../../site/site.ts";
import { type GenerationDocuments, leaseGeneration, numberOf, releaseLease } from "../../workflows/dataset/generation.ts";
import { snapshotsOf } from "../../workflows/environment/environment-data.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { chooseClass } from "./choose-class.ts";
import { cloneSnapshots } from "./clone-snapshots.ts";
import { handOver, type Snapshot } from "./hand-over.ts";

/** What an environment's data is to be. */
export interface WantedData {
  readonly of: string;
  readonly namespace: string;
  readonly data: NonNullable<EnvironmentSpec["data"]>;
  /** Of a reset: the generation that it asks for, or `current`; null: what it began as. */
  readonly asked: string | null;
  /** The generation that it has, or had. */
  readonly former: string | null;
  readonly site: Site;
}

/** Data that is there for claims to be copies of, or why it is not yet. */
export type PinnedData =
  | { readonly generation: string | null; readonly data: Preview["data"] }
  | { readonly waits: string; readonly troubled: boolean };

export interface PinPorts {
  readonly api: KubernetesApi;
  /** Of the site's namespace. */
  readonly documents: GenerationDocuments;
  /** RFC 3339. */
  readonly now: string;
  /** The StorageClass for copies that the cluster's settings name. */
  readonly copiesClass: string | null;
}

/** One snapshot in an environment's namespace that a claim is to be a copy of. */
export interface ClaimSnapshot {
  readonly claim: string;
  readonly name: string;
  readonly snapshot: Snapshot;
}

/**
 * Pins what an environment's data is to be a copy of, and sees that the snapshots are in its namespace: a generation is leased under its name and handed
 * over, another environment's volumes are copied. May be called again; a look at a time goes as far as it gets. Errors: `dataset/none`, `environment/unknown`.
 */
export async function pinData(wanted: WantedData, ports: PinPorts, signal: AbortSignal): Promise<PinnedData> {
  const { data, asked } = wanted;
  if ("dataset" in data || asked !== null) return await ofDataset(wanted, ports, signal);
  if ("fresh" in data) return { generation: null, data: { database: null, mounts: {}, ...freshClaims(wanted.site, ports.copiesClass) } };
  const found = await cloneSnapshots({ ...wanted, source: data.clone.of }, claimsOf(wanted.site), ports.api, signal);
  return "waits" in found ? found : await pinned(found, null, ports, signal);
}

/** Volumes of a site that copies are made of. */
export function claimsOf(site: Site): readonly string[] {
  const shared = site.mounts.filter(({ storage }) => storage === "shared").map(({ volume }) => volume);
  return [...(site.database === null ? [] : [OWN_SERVER_CLAIM]), ...shared, ...(site.code === "writable" ? [CODE_CLAIM] : [])];
}

/** So that it can be copied itself. */
function freshClaims(site: Site, storageClass: string | null): Pick<Preview["data"], "claims"> {
  return storageClass === null ? {} : { claims: Object.fromEntries(claimsOf(site).map((claim) => [claim, { storageClass, bytes: 0 }])) };
}

async function ofDataset(wanted: WantedData, ports: PinPorts, signal: AbortSignal): Promise<PinnedData> {
  const { of, namespace, site } = wanted;
  const { documents } = ports;
  const id = await generationOf(wanted, documents);
  const options = { at: ports.now, ...(id === undefined ? {} : { generation: id }) };
  const generation = await leaseGeneration(of, namespace, documents, options);
  const { database, mounts } = snapshotsOf(generation, site);
  const sources = [
    ...(site.database === null || database === null ? [] : [[OWN_SERVER_CLAIM, database] as const]),
    ...Object.entries(mounts),
  ];
  const found: ClaimSnapshot[] = await Promise.all(
    sources.map(async ([claim, source]) => {
      const name = `${claim}-${generation.id}`;
      const place = { of, namespace, name, source: { namespace: of, name: source }, policy: "Retain" } as const;
      return { claim, name, snapshot: await handOver(place, ports.api, signal) };
    }),
  );
  return await pinned(found, generation.id, ports, signal);
}

/** The one that is asked for; else the one that it has. What a killed look leased is gone on with, so that all parts are of one generation. */
async function generationOf({ data, asked, former, namespace }: WantedData, { leases }: GenerationDocuments): Promise<string | undefined> {
  if (asked !== null) return asked === "current" ? undefined : asked;
  const named = "dataset" in data ? data.dataset.generation : undefined;
  if (former !== null || named !== undefined) return former ?? named;
  const held = (await leases.list(`${namespace}.`)).map(({ generation }) => generation);
  return held.toSorted((a, b) => numberOf(b) - numberOf(a))[0];
}

async function pinned(
  found: readonly ClaimSnapshot[],
  generation: string | null,
  { api, copiesClass }: PinPorts,
  signal: AbortSignal,
): Promise<PinnedData> {
  const late = found.find(({ snapshot }) => !snapshot.ready);
  if (late !== undefined) {
    const { trouble } = late.snapshot;
    return { waits: `The snapshot ${late.name} is not there yet${trouble === null ? "" : `: ${trouble}`}`, troubled: trouble !== null };
  }
  const { items } = await api.list(resources.StorageClass, {}, signal);
  const claims = found.map(({ claim, snapshot }) => {
    const storageClass = chooseClass(snapshot, items, copiesClass);
    if (storageClass === undefined)
      throw new HowdahError("dataset/none", `No StorageClass of the cluster is of ${snapshot.driver}, which has made the snapshots`);
    return [claim, { storageClass, bytes: snapshot.bytes }] as const;
  });
  const names = new Map(found.map(({ claim, name }) => [claim, name]));
  const mounts = [...names].filter(([claim]) => claim !== OWN_SERVER_CLAIM);
  return {
    generation,
    data: {
      database: names.get(OWN_SERVER_CLAIM) ?? null,
      mounts: Object.fromEntries(mounts),
      claims: Object.fromEntries(claims),
    },
  };
}

/** Lets go of all generations but one; null: of all. */
export async function letGo(namespace: string, keep: string | null, documents: GenerationDocuments): Promise<void> {
  for (const { generation } of await documents.leases.list(`${namespace}.`))
    if (generation !== keep) await releaseLease(namespace, documents, generation);
}

/** Documents of the dataset of a site's namespace. */
export function generationsOf(of: string, { portsFor }: Pick<OperatorPorts, "portsFor">): GenerationDocuments {
  const { clusterDatasets } = portsFor(of);
  if (clusterDatasets === undefined) throw new TypeError("ports of a cluster have documents of datasets");
  return clusterDatasets;
}

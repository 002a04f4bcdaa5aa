import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { KubeObject } from "../../../kubernetes/kubernetes-api.ts";
import type { DatasetStorage } from "../../../providers/dataset-storage/dataset-storage.ts";
import { resolveSite } from "../../../site/resolve.ts";
import { siteDocument } from "../../../site/schema/site-document.ts";
import type { Site } from "../../../site/site.ts";
import type { EngineContext, Ports, SiteRecord } from "../../ports.ts";
import { stages } from "../../up/stages.ts";
import { breedDataset } from "../breed-dataset.ts";
import type { BreedDocuments } from "../breed-journal.ts";
import type { Datasets } from "../dataset-ports.ts";
import type { ReadMount } from "../files/copy-mount.ts";
import type { Generation } from "../generation.ts";
import { siteBreed } from "../site-breed.ts";
import { clusterSource, type ClusterSourcePorts } from "./cluster-source.ts";

/** What a breed on a cluster acts on. */
export interface BreedJobPorts extends ClusterSourcePorts {
  readonly documents: BreedDocuments & Pick<Datasets, "reports">;
  readonly storage: DatasetStorage;
  readonly secrets: Pick<Ports["secrets"], "getOrGenerate">;
  readonly readMount: ReadMount;
  readonly processIdentity: () => Promise<string>;
  readonly isProcessAlive: (identity: string) => Promise<boolean>;
}

/** What is bred, and in which image its servers run. */
export interface BreedOfSite {
  readonly record: SiteRecord;
  /** The Site as it is now: its rules count, whether it was deployed with them or not. */
  readonly declared: KubeObject | undefined;
  readonly image: string;
}

/** Breeds a site's dataset in a Job of a cluster: the breed of one machine, in pods and claims. Errors: those of `breedDataset`'s parts. */
export async function breedInJob(
  { record, declared, image }: BreedOfSite,
  ports: BreedJobPorts,
  context: EngineContext,
): Promise<Generation> {
  const { storage, servers, clock, documents } = ports;
  const parts = siteBreed({
    ...{ record, site: siteWithRules(record.site, declared), source: clusterSource(record, image, ports), storage },
    ...{ stage: stages(context.emit, ports, context.signal, []), readMount: ports.readMount },
    ports: { datasets: { ...documents, servers }, secrets: ports.secrets, clock },
  });
  return await breedDataset(parts, { ...documents, ...ports, storage, servers, clock }, context);
}

/** The site that serves, with the rules that its resource has now. Error: `site/invalid`. */
function siteWithRules(site: Site, declared: KubeObject | undefined): Site {
  if (declared === undefined) return site;
  const { apiVersion, kind, metadata } = declared;
  const read = siteDocument.safeParse({ apiVersion, kind, metadata: { name: metadata.name }, spec: declared["spec"] ?? {} });
  const dataset = read.success ? resolveSite(read.data, { environment: "production" }).site?.dataset : undefined;
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new HowdahError(
      "site/invalid",
      `The Site ${metadata.name} can't be read: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
    );
  }
  const { dataset: _, ...rest } = site;
  return dataset === undefined ? rest : { ...rest, dataset };
}

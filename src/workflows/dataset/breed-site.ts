import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Site } from "../../site/site.ts";
import { loadSite } from "../load-site/load-site.ts";
import type { EngineContext, SiteRecord } from "../ports.ts";
import { runExchange } from "../files/run-exchange.ts";
import { type Timing, stages } from "../up/stages.ts";
import { breedDataset } from "./breed-dataset.ts";
import { breedSource, type WantedSource } from "./breed-source.ts";
import { datasetLock } from "./dataset-lock.ts";
import type { DatasetPorts } from "./dataset-ports.ts";
import type { ReadMount } from "./files/copy-mount.ts";
import type { Generation } from "./generation.ts";
import { siteBreed } from "./site-breed.ts";

/**
 * Breeds a site's dataset: one at a time, while the site serves and others work on it. The rules are those of the site file as it is now, which need not have
 * been brought up. Errors: those of `breedDataset`'s parts; `machine/busy` while another one breeds it.
 */
export async function breedSite(
  record: SiteRecord,
  wanted: WantedSource,
  ports: DatasetPorts,
  context: EngineContext,
): Promise<Generation> {
  const { namespace } = record;
  if (record.site.preview !== undefined)
    throw new HowdahError("usage/invalid", `${namespace} is an environment: its data came from a dataset`, {
      hint: `\`howdah dataset breed ${record.site.preview.of}\` breeds its site's.`,
    });
  return await ports.locks.hold(datasetLock(namespace), "dataset breed", async () => {
    const site = await siteWithRules(record, ports);
    const source = await breedSource(record, wanted, ports);
    const storage = await ports.datasetStorage.open();
    const timings: Timing[] = [];
    const stage = stages(context.emit, ports, context.signal, timings);
    const readMount: ReadMount = (path, archive, within) => runExchange(record, { verb: "pack", path, stdout: archive }, ports, within);
    const parts = siteBreed({ record, site, source, storage, stage, readMount, ports });
    const processIdentity = (): Promise<string> => ports.machine.processIdentity();
    const isProcessAlive = (identity: string): Promise<boolean> => ports.machine.isProcessAlive(identity);
    return await breedDataset(parts, { ...ports.datasets, storage, clock: ports.clock, processIdentity, isProcessAlive }, context);
  });
}

/** The site with the rules that its file has now. A file that is gone or broken: those that it was brought up with. */
export async function siteWithRules(record: SiteRecord, ports: Pick<DatasetPorts, "files">): Promise<Site> {
  const { site } = record;
  const read = await loadSite(record.file, "/", ports.files).catch((error: unknown) => {
    if (error instanceof HowdahError && error.code === "site/not-found") return undefined;
    throw error;
  });
  if (read === undefined) return site;
  const { dataset: _, ...rest } = site;
  return read.site.dataset === undefined ? rest : { ...rest, dataset: read.site.dataset };
}

import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import type { Ports } from "../ports.ts";
import type { Datasets } from "./dataset-ports.ts";
import { generationName, holdersOf, listGenerations } from "./generation.ts";
import { reapGenerations } from "./publish-generation.ts";
import { unlessBusy } from "./recover-breeds.ts";

type Looking = Pick<Ports, "records" | "retained"> & { readonly datasets: Pick<Datasets, "generations" | "leases"> };
type Forgetting = Pick<Ports, "records" | "retained" | "locks"> & {
  readonly datasets: Datasets;
  readonly storage: Pick<DatasetStorage, "destroy" | "list">;
};

/** Sites that are gone for good, of whose datasets environments had the last: now nobody has them. */
export async function forgottenSites(ports: Looking): Promise<readonly string[]> {
  const sites = new Set<string>();
  for (const one of await listGenerations(undefined, ports.datasets)) {
    if (one.state !== "draining" || sites.has(one.site) || !(await isGone(one.site, ports))) continue;
    if ((await holdersOf(one, ports.datasets)).length === 0) sites.add(one.site);
  }
  return [...sites];
}

/** Destroys what `forgottenSites` found, and its reports. Answers which went, as `SITE.gN`. */
export async function reapForgotten(sites: readonly string[], ports: Forgetting): Promise<readonly string[]> {
  const gone: string[] = [];
  for (const site of sites) {
    const ids = await unlessBusy(site, ports, async () => ((await isGone(site, ports)) ? await reapSite(site, ports) : []));
    gone.push(...(ids ?? []).map((id) => generationName(site, id)));
  }
  return gone;
}

async function reapSite(site: string, { datasets, storage }: Forgetting): Promise<readonly string[]> {
  const reports = new Map((await listGenerations(site, datasets)).map(({ id, report }) => [id, report]));
  const ids = await reapGenerations(site, 0, { ...datasets, storage });
  for (const id of ids) {
    const name = generationName(site, id);
    const known = await datasets.generations.get(name);
    if (known !== undefined) await datasets.generations.put(name, { ...known, report: null });
    const report = reports.get(id) ?? null;
    if (report !== null) await datasets.reports.remove(report);
  }
  return ids;
}

/** Neither there nor kept to come back. */
async function isGone(site: string, { records, retained }: Pick<Ports, "records" | "retained">): Promise<boolean> {
  return (await records.get(site)) === undefined && (await retained.get(site)) === undefined;
}

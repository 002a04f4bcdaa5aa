import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ReleaseSpec } from "../../resources/schema/release.ts";
import type { Site } from "../../site/site.ts";
import type { ClusterPlace } from "../cluster/cluster-place.ts";
import { clusterReleases } from "../cluster/write-release.ts";
import { loadSite } from "../load-site/load-site.ts";
import type { Ports } from "../ports.ts";

/** A site whose volumes are in a cluster. */
export interface SiteOnCluster {
  readonly site: Site;
  readonly place: ClusterPlace;
  /** Of the newest release; undefined where there are none (plain manifests). */
  readonly images: ReleaseSpec["images"] | undefined;
}

/**
 * A site by its file, or by its name as its newest Release has it. Errors: `site/unknown` for a name without a release, those of loading a file.
 */
export async function siteOnCluster(
  where: {
    readonly given: string;
    readonly directory: string;
    readonly context: string | undefined;
    readonly namespace: string | undefined;
  },
  ports: Pick<Ports, "clusters" | "files">,
  signal: AbortSignal,
): Promise<SiteOnCluster> {
  const isName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(where.given) && (await ports.files.kind(where.given)) === "missing";
  const file = isName ? undefined : (await loadSite(where.given, where.directory, ports.files)).site;
  const cluster = await ports.clusters.connect(where.context);
  const place = { cluster, namespace: where.namespace ?? file?.name ?? where.given };
  const releases = await clusterReleases(place, signal).catch((error: unknown) => {
    if (file !== undefined && error instanceof HowdahError && error.code !== "cluster/unreachable") return [];
    throw error;
  });
  const newest = releases.find(({ status }) => status.state === "serving") ?? releases[0];
  const site = (newest?.spec.site as Site | undefined) ?? file;
  if (site === undefined)
    throw new HowdahError("site/unknown", `${place.namespace} has no release of a site on ${cluster.context}`, {
      hint: "Deploy it first (`howdah deploy --context NAME`), or name its site file: its volumes may be there without a release.",
    });
  return { site, place, images: newest?.spec.images };
}

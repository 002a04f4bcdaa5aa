import { memoryDocuments } from "../../testing/release-rig.ts";
import { type MemoryEngine, memoryEngine } from "../../../engine/memory/memory-engine.ts";
import { resources } from "../../../kubernetes/resources.ts";
import { type MemoryApi, memoryApi } from "../../../kubernetes/testing/memory-api.ts";
import { clusterSecretStore } from "../../../providers/cluster-state/cluster-secret-store.ts";
import { configMapDocuments } from "../../../providers/cluster-state/config-map-documents.ts";
import { datasetDocuments } from "../../../providers/cluster-state/dataset-documents.ts";
import type { ReleaseSpec } from "../../../resources/schema/release.ts";
import { resolveSite } from "../../../site/resolve.ts";
import { siteDocument, type SiteDocument } from "../../../site/schema/site-document.ts";
import type { Site } from "../../../site/site.ts";
import type { DatasetDocumentKinds } from "../../dataset/dataset-document-kinds.ts";
import type { EngineContext, Ports } from "../../ports.ts";
import { quietPorts } from "../../testing/quiet-ports.ts";
import { outcomeDocuments, releaseDocuments } from "../release-documents.ts";
import { builtRelease, releaseObject, releaseSpecOf } from "../release-resource.ts";
import { type Served, serveRelease } from "../serve-release.ts";

/** A cluster in memory: the API's objects, and an engine whose pods serve their image's name. Images `bad…` crash, `sick…` answer 500. */
export interface ClusterRig {
  readonly api: MemoryApi;
  readonly engine: MemoryEngine;
  readonly ports: Ports;
  /** Makes a Release as `howdah deploy` does, of a site `blog`, static without `spec`, with these images. */
  release(
    id: string,
    image: string,
    spec?: SiteDocument["spec"],
    servers?: Pick<ReleaseSpec["images"], "php" | "database" | "sessions">,
  ): Promise<void>;
  serve(id: string, replicas?: number): Promise<Served>;
  page(): string;
}

const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };

/** A site file's data, resolved. */
export function siteOf(name: string, spec: SiteDocument["spec"] = {}): Site {
  const document = siteDocument.parse({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name }, spec });
  const { site } = resolveSite(document, { environment: "production" });
  if (site === undefined) throw new TypeError("the site is wrong");
  return site;
}

/** An engine whose pods serve their image's name. */
export function rigEngine(): MemoryEngine {
  return memoryEngine({
    start: ({ image }) =>
      image.startsWith("bad") ? { state: "crashed", exitCode: 1, output: [] } : { state: "ready", serves: image, output: [] },
    program: () => Promise.resolve(0),
  });
}

/** Makes the cluster, with the namespace `acme`; or an operator that starts anew on one that is there. */
export function clusterRig(api: MemoryApi = memoryApi(), engine: MemoryEngine = rigEngine()): ClusterRig {
  const page = (): string => engine.ask("blog.localhost");
  const documents = <T>(key: string) =>
    configMapDocuments<T>(
      api,
      (namespace) => ({ namespace, key }),
      () => ["acme"],
    );
  let now = Date.parse("2026-11-21T12:00:00Z");
  const part: Partial<Ports> = {
    ...quietPorts(page),
    engine,
    clock: { now: () => (now += 1), sleep: () => Promise.resolve() },
    settings: { stateDirectory: "/nonexistent/howdah", httpPort: 80, httpsPort: 443, bind: "127.0.0.1", retentionDays: 7, who: "operator" },
    records: documents("site"),
    databaseServers: memoryDocuments(),
    retained: documents("retained"),
    migrations: documents("migration"),
    rollouts: documents("rollout"),
    watches: documents("watch"),
    sharedImages: documents("image"),
    releases: releaseDocuments(api),
    outcomes: outcomeDocuments(api),
    secrets: clusterSecretStore(api),
    clusterDatasets: datasetDocuments<DatasetDocumentKinds>(api, "acme"),
  };
  const ports = part as Ports;
  return {
    ...{ api, engine, ports, page },
    release: async (id, image, spec, servers) => {
      const digest = `sha256:${"0".repeat(64)}`;
      const built = {
        site: siteOf("blog", spec),
        images: { web: { reference: image, digest }, ...servers },
        codeDigest: `sha256:${image}`,
        watched: {},
      };
      const said = { git: null, who: "ann", when: "2026-11-21T12:00:00Z", why: null, rollbackOf: null };
      await api.create(resources.Release, releaseObject("acme", id, releaseSpecOf({ ...built, ...said })));
    },
    serve: async (id, replicas) => {
      const object = await api.get({ resource: resources.Release, namespace: "acme", name: id });
      if (object === undefined) throw new TypeError(`there is no ${id}`);
      return serveRelease({ release: builtRelease(object), replicas: replicas ?? null }, ports, context);
    },
  };
}

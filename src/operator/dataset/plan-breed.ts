import { createHash } from "node:crypto";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { CODE_ROOT } from "../../kernel/label.ts";
import { DATASET_SECRET } from "../../kernel/own-names.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type BreedJob, breedJob } from "../../render/dataset/breed-job.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import { PRODUCTION } from "../../workflows/cluster/cluster-place.ts";
import { datasetMounts } from "../../workflows/dataset/preflight.ts";
import type { SiteRecord } from "../../workflows/ports.ts";
import { serverReference } from "../../workflows/up/database-server.ts";
import { serverImage } from "../backup/plan-job.ts";
import { statusOf } from "../status.ts";
import type { Breeding, DatasetLook } from "./dataset-look.ts";
import { snapshotClasses } from "./snapshot-support.ts";

const GIB = 1024 ** 3;

/** The name of one breed's Job: the same whoever makes it, so that nothing is made twice. */
export function breedJobName({ metadata }: KubeObject, trigger: string): string {
  const hash = createHash("sha256")
    .update(`${metadata.uid ?? ""} ${trigger}`)
    .digest("hex");
  return `howdah-breed-${hash.slice(0, 12)}`;
}

/**
 * The objects of one breed, in the order in which they are made; the Job comes last. Errors: `site/unknown`, `usage/invalid` for a site without a database or
 * rules, `dataset/storage-broken` for a cluster without snapshots, `database/no-image`, those of the API and of the database server.
 */
export async function planBreed(look: DatasetLook, breeding: Breeding): Promise<readonly KubeObject[]> {
  const { object, namespace, spec, ports, signal } = look;
  const classes = await snapshotClasses(spec, ports.api, signal);
  const wired = ports.portsFor(namespace);
  const record = await servingSite(look);
  const { database } = record;
  if (database === null || database === undefined)
    throw new HowdahError("usage/invalid", `${record.site.name} has no database: a dataset is of one`);
  const bytes = await wired.databases.sizeBytes({ server: serverReference(database.server, wired), name: database.name });
  await wired.secrets.getOrGenerate(namespace, DATASET_SECRET, "mask-key", { bytes: 43, encoding: "alphanumeric" });
  const environment = await ports.api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal);
  const release = environment === undefined ? undefined : statusOf<EnvironmentStatus>(environment).release;
  const { apiVersion, metadata } = object;
  const job: BreedJob = {
    ...{ namespace, name: breeding.job, owner: { apiVersion, name: metadata.name, uid: metadata.uid ?? "" } },
    ...{ image: await ports.backupImage(), databaseImage: await serverImage(record, { release }, wired, ports, signal) },
    ...{ volumes: await volumesFor(record, bytes, look), mounts: mountsOf(record), ...classes },
    deadlineSeconds: spec.deadlineMinutes * 60,
    source: database.behind ?? [`${database.host}:${String(database.port)}`],
    apiServers: await apiServers(look),
  };
  return breedJob(job);
}

async function servingSite({ object, namespace, ports }: DatasetLook): Promise<SiteRecord> {
  const record = await ports.portsFor(namespace).records.get(namespace);
  if (record === undefined || record.site.name !== object.metadata.name)
    throw new HowdahError(
      "site/unknown",
      `The site ${object.metadata.name} does not serve in ${namespace}: there is nothing to breed a dataset from`,
      {
        hint: "A Dataset has the name of its Site. `howdah deploy` brings a site up; docs/how-to/run-on-kubernetes.md shows how.",
      },
    );
  if (record.site.preview !== undefined)
    throw new HowdahError("usage/invalid", `${namespace} is an environment: its data came from a dataset`);
  if (record.site.dataset !== undefined || (await hasRules({ object, namespace, ports }))) return record;
  throw new HowdahError("usage/invalid", `${record.site.name} has no rules for a dataset: \`spec.dataset\` is not in its site file`, {
    hint: "docs/how-to/golden-dataset.md shows how they are written; `howdah dataset scan` proposes them on a machine that runs the site.",
  });
}

/** Rules may have been added since the site was last deployed. */
async function hasRules({ object, namespace, ports }: Pick<DatasetLook, "object" | "namespace" | "ports">): Promise<boolean> {
  const site = await ports.api.get({ resource: resources.Site, namespace, name: object.metadata.name });
  return (site?.["spec"] as { readonly dataset?: unknown } | undefined)?.dataset !== undefined;
}

/**
 * SQL of a database is as large as its tables at most, and lies beside the raw server's copy of them; masked tables are as large as the raw ones, and their
 * indexes are made in a second place for a moment.
 */
async function volumesFor(record: SiteRecord, bytes: number, look: DatasetLook): Promise<BreedJob["volumes"]> {
  const files = await Promise.all(
    datasetMounts(record.site).map(async ({ volume }) => ({ part: `new-files-${volume}`, size: await claimSize(volume, look) })),
  );
  return [{ part: "raw", size: gibibytes(bytes * 3 + 2 * GIB) }, { part: "new-database", size: gibibytes(bytes * 2 + GIB) }, ...files];
}

function gibibytes(bytes: number): string {
  return `${String(Math.ceil(bytes / GIB))}Gi`;
}

/** Uploads that are copied take no more than the claim that they are in. */
async function claimSize(name: string, { namespace, ports, signal }: DatasetLook): Promise<string> {
  const claim = await ports.api.get({ resource: resources.PersistentVolumeClaim, namespace, name }, signal);
  const spec = claim?.["spec"] as { readonly resources?: { readonly requests?: { readonly storage?: string } } } | undefined;
  return spec?.resources?.requests?.storage ?? "1Gi";
}

function mountsOf({ site }: Pick<SiteRecord, "site">): BreedJob["mounts"] {
  return datasetMounts(site)
    .map(({ volume, path }) => ({ claim: volume, path: `${CODE_ROOT}/${path}` }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** A policy sees a connection to a Service at its end: the addresses of the API servers themselves. */
async function apiServers({ ports, signal }: DatasetLook): Promise<BreedJob["apiServers"]> {
  const slice = await ports.api.get({ resource: resources.EndpointSlice, namespace: "default", name: "kubernetes" }, signal);
  const { endpoints = [], ports: open = [] } = (slice ?? {}) as {
    readonly endpoints?: readonly { readonly addresses?: readonly string[] }[];
    readonly ports?: readonly { readonly port?: number }[];
  };
  const addresses = endpoints.flatMap(({ addresses: some = [] }) => some);
  return addresses.flatMap((address) => open.flatMap(({ port }) => (port === undefined ? [] : [{ address, port }])));
}

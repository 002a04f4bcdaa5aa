import { createHash } from "node:crypto";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { CODE_ROOT } from "../../kernel/label.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type BackupJob, backupJob } from "../../render/backup/backup-job.ts";
import { BACKUP_PATHS } from "../../render/backup/backup-paths.ts";
import { backupPolicy } from "../../render/backup/backup-policy.ts";
import { CODE_CLAIM } from "../../render/site/render-volumes.ts";
import type { BackupSpec, BackupStatus } from "../../resources/schema/backup.ts";
import { type BackupStoreSpec, backupStoreSpec } from "../../resources/schema/backup-store.ts";
import { databaseArgv } from "../../workflows/backup/job/database-argv.ts";
import type { BackupOrders } from "../../workflows/backup/job/orders.ts";
import { builtRelease } from "../../workflows/cluster/release-resource.ts";
import { chosenServer } from "../../workflows/cluster/server-image.ts";
import type { Ports, SiteRecord } from "../../workflows/ports.ts";
import { serverReference } from "../../workflows/up/database-server.ts";
import type { OperatorPorts } from "../operator-ports.ts";

/** What is under way, as the status has it. */
export type CurrentWork = NonNullable<BackupStatus["current"]>;

/** What a Job is planned from. */
export interface JobPlan {
  readonly backup: KubeObject;
  readonly spec: BackupSpec;
  readonly current: CurrentWork;
  /** Of the Environment: what serves. */
  readonly release: string | undefined;
}

/** The name of one piece of work's Job: the same whoever makes it, so that nothing is made twice. */
export function jobName({ metadata }: KubeObject, trigger: string): string {
  const hash = createHash("sha256")
    .update(`${metadata.uid ?? ""} ${trigger}`)
    .digest("hex");
  return `howdah-backup-${metadata.name}-${hash.slice(0, 8)}`;
}

/** A backup's name by the time when it was begun; two of one second differ by their trigger. */
export function backupId(since: string, trigger: string): string {
  const time = since.slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  return `${time}-${createHash("sha256").update(trigger).digest("hex").slice(0, 4)}`;
}

/**
 * The Job of one piece of work with the policy that lets it out. Errors: `backup/no-store` for a store that is not there, `site/unknown` where no site serves,
 * `database/no-image`, those of the API and of the database server.
 */
export async function planJob(plan: JobPlan, ports: OperatorPorts, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const { backup, spec, current } = plan;
  const { name, namespace = "", uid = "" } = backup.metadata;
  const store = await storeOf(spec.store, namespace, ports, signal);
  const wired = ports.portsFor(namespace);
  const record = await wired.records.get(namespace);
  const owner = { apiVersion: backup.apiVersion, name, uid };
  if (current.what === "delete") {
    const job: BackupJob = {
      ...{ namespace, name: current.job, owner, work: "delete", image: await ports.backupImage() },
      orders: JSON.stringify(deletionOrders(plan, store)),
      store: { secret: store.secret, claim: store.claim?.name ?? null },
      ...{ mounts: [], database: null, scratch: null, deadlineSeconds: spec.deadlineMinutes * 60 },
    };
    return [backupPolicy({ namespace, owner, targets: targetsOf(record, store) }), backupJob(job)];
  }
  if (record === undefined)
    throw new HowdahError("site/unknown", `No site serves in ${namespace}: there is nothing to back up, and no place to restore to`);
  const orders = ordersFor(plan, record, store);
  const job: BackupJob = {
    ...{ namespace, name: current.job, owner, work: workOf(current) },
    image: await ports.backupImage(),
    orders: JSON.stringify(orders),
    store: { secret: store.secret, claim: store.claim?.name ?? null },
    mounts: claimsOf(record),
    database: record.database === null ? null : await databaseSteps(record, plan, ports, signal),
    scratch: spec.scratch?.storage ?? null,
    deadlineSeconds: spec.deadlineMinutes * 60,
  };
  return [backupPolicy({ namespace, owner, targets: targetsOf(record, store) }), backupJob(job)];
}

/** A restore is two Jobs: what is there is backed up first. */
function workOf({ what, restore, before }: CurrentWork): BackupJob["work"] {
  if (what === "restore") return restore !== undefined && before === undefined ? "backup" : "restore";
  return what === "verify" ? "verify" : "backup";
}

async function storeOf(name: string, namespace: string, { api }: OperatorPorts, signal: AbortSignal): Promise<BackupStoreSpec> {
  const found = await api.get({ resource: resources.BackupStore, namespace, name }, signal);
  if (found === undefined)
    throw new HowdahError("backup/no-store", `There is no BackupStore ${name} in ${namespace}`, {
      hint: "Make it: docs/how-to/back-up-on-kubernetes.md has one for a bucket and one for a volume.",
    });
  const read = backupStoreSpec.safeParse(found["spec"]);
  if (read.success && (read.data.claim === undefined) !== (read.data.s3 === undefined)) return read.data;
  throw new HowdahError("backup/no-store", `The BackupStore ${namespace}/${name} says not where it is: one of claim and s3`);
}

function ordersFor({ backup, spec, current }: JobPlan, record: SiteRecord, store: BackupStoreSpec): BackupOrders {
  const { name: plan, namespace = "" } = backup.metadata;
  const work = workOf(current);
  const { keep } = spec;
  const database =
    record.database === null ? null : { name: record.database.name, user: record.database.user, server: record.database.server };
  return {
    ...{ id: work === "restore" ? (current.restore ?? "") : current.id, namespace, site: record.site.name, plan, store: spec.store },
    why: current.what === "restore" ? "before a restore" : current.why === "schedule" ? "schedule" : "asked",
    ...{ location: locationOf(store), database, roots: rootsOf(record) },
    // What a restore can be undone with is not deleted for it.
    keep: keep === undefined || work !== "backup" || current.what === "restore" ? null : keep,
    onlyCompare: work !== "restore",
  };
}

/** A deletion needs no site that serves: it may be gone. */
function deletionOrders({ backup, spec, current }: JobPlan, store: BackupStoreSpec): BackupOrders {
  const { name: plan, namespace = "" } = backup.metadata;
  return {
    ...{ id: current.id, namespace, site: namespace, plan, store: spec.store, why: "asked", location: locationOf(store) },
    ...{ database: null, roots: [], keep: null, onlyCompare: true, forget: current.ids ?? "all" },
  };
}

function locationOf({ claim, s3 }: BackupStoreSpec): BackupOrders["location"] {
  if (s3 !== undefined) return { kind: "s3", endpoint: s3.endpoint, bucket: s3.bucket, prefix: s3.prefix ?? "" };
  return { kind: "directory", path: `${BACKUP_PATHS.store}/${claim?.path ?? "backups"}` };
}

/** Volumes that all pods share, with the place where the site has them; a mount within another comes after it. */
function claimsOf({ site }: Pick<SiteRecord, "site">): readonly { readonly claim: string; readonly path: string }[] {
  const code = site.code === "writable" ? [{ claim: CODE_CLAIM, path: CODE_ROOT }] : [];
  const mounts = site.mounts.flatMap(({ path, storage, volume }) =>
    storage === "shared" ? [{ claim: volume, path: `${CODE_ROOT}/${path}` }] : [],
  );
  return [...code, ...mounts].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Directories that are backed up: one within another comes with it. */
function rootsOf(record: Pick<SiteRecord, "site">): readonly string[] {
  const paths = claimsOf(record).map(({ path }) => path);
  return paths.filter((one) => !paths.some((other) => one.startsWith(`${other}/`)));
}

async function databaseSteps(record: SiteRecord, plan: JobPlan, ports: OperatorPorts, signal: AbortSignal): Promise<BackupJob["database"]> {
  const wired = ports.portsFor(record.namespace);
  const { server = "", name = "" } = record.database ?? {};
  // Only what is dumped can have views that are broken; that they can't be asked for is told by the dump itself.
  const asked =
    workOf(plan.current) === "verify" ? [] : await wired.databases.brokenViews({ server: serverReference(server, wired), name });
  return { image: await serverImage(record, plan, wired, ports, signal), ...databaseArgv(record, asked) };
}

/** As the site's release has it, from a registry that its namespace may pull from; else what its server runs. */
export async function serverImage(
  record: SiteRecord,
  { release }: Pick<JobPlan, "release">,
  wired: Ports,
  { api }: OperatorPorts,
  signal: AbortSignal,
): Promise<string> {
  const name = release ?? "";
  const found = name === "" ? undefined : await api.get({ resource: resources.Release, namespace: record.namespace, name }, signal);
  const own = found === undefined ? undefined : builtRelease(found).spec.images.database?.reference;
  return own ?? (await chosenServer(record.site.database?.version ?? "", wired));
}

function targetsOf(record: SiteRecord | undefined, { s3 }: BackupStoreSpec): readonly string[] {
  const database = record?.database ?? null;
  const server = database === null ? [] : (database.behind ?? [`${database.host}:${String(database.port)}`]);
  if (s3 === undefined) return server;
  const { hostname, port, protocol } = new URL(s3.endpoint);
  return [...server, `${hostname}:${port === "" ? (protocol === "https:" ? "443" : "80") : port}`];
}

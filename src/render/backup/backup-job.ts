import { LABEL_PREFIX } from "../../kernel/label.ts";
import { DATABASE_SECRET } from "../../kernel/own-names.ts";
import type { ClusterObject } from "../cluster/cluster-object.ts";
import { podSecurity } from "../cluster/complete-container.ts";
import { verbatim } from "../cluster/verbatim.ts";
import { DATABASE_PATHS } from "../database/server-options.ts";
import { BACKUP_PATHS } from "./backup-paths.ts";

/** Label of a backup's Jobs, their pods and their policy: the name of the Backup. */
export const BACKUP_LABEL = `${LABEL_PREFIX}/backup`;

/** What a Job of each kind does, one after another: each begins when the one before ended well. */
export type BackupWork = "backup" | "verify" | "restore" | "delete";

/** Programs beside MariaDB's, as argument lists. */
export interface DatabaseSteps {
  /** The server's own image, of the site's version. */
  readonly image: string;
  readonly dump: readonly string[];
  readonly scratch: readonly string[];
  readonly bring: readonly string[];
}

/** What a Job is made of. */
export interface BackupJob {
  readonly namespace: string;
  readonly name: string;
  /** The Backup: its Jobs go with it. */
  readonly owner: { readonly apiVersion: string; readonly name: string; readonly uid: string };
  readonly work: BackupWork;
  /** Howdah's own, with restic in it. */
  readonly image: string;
  /** What our steps are to do, as JSON; no secret. */
  readonly orders: string;
  readonly store: { readonly secret: string; readonly claim: string | null };
  /** The site's volumes where its own pods have them. */
  readonly mounts: readonly { readonly claim: string; readonly path: string }[];
  readonly database: DatabaseSteps | null;
  /** Size of a volume to try the restore on; null: the node's disk. */
  readonly scratch: string | null;
  readonly deadlineSeconds: number;
}

type Step = "dump" | "save" | "fetch" | "scratch" | "judge" | "bring" | "put" | "forget";

const STEPS: Readonly<Record<BackupWork, readonly Step[]>> = {
  backup: ["dump", "save", "fetch", "scratch", "judge"],
  verify: ["fetch", "scratch", "judge"],
  restore: ["fetch", "bring", "put"],
  delete: ["forget"],
};
const OF_DATABASE: readonly Step[] = ["dump", "scratch", "bring"];

/** So long the Job and what its pod said stay after the end. */
const KEPT_SECONDS = 3600;

/**
 * The Job of a backup, a verification, a restore or a deletion: the site's own user, Pod Security `restricted`, no token of the API. Only the steps that speak to the
 * store have its key, only those that speak to the server have the site's password, and only a restore may write to the site's volumes.
 */
export function backupJob(job: BackupJob): ClusterObject {
  const labels = { "app.kubernetes.io/managed-by": "howdah", [BACKUP_LABEL]: job.owner.name };
  const steps = STEPS[job.work].filter((step) => job.database !== null || !OF_DATABASE.includes(step));
  const containers = steps.map((step) => container(step, job));
  const owner = { apiVersion: job.owner.apiVersion, kind: "Backup", name: job.owner.name, uid: job.owner.uid, controller: true };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: job.name, namespace: job.namespace, labels, ownerReferences: [owner] },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: job.deadlineSeconds,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 5,
          securityContext: { ...podSecurity, fsGroup: podSecurity.runAsGroup, fsGroupChangePolicy: "OnRootMismatch" },
          affinity: besideSite(),
          initContainers: containers.slice(0, -1),
          containers: containers.slice(-1),
          volumes: volumes(job),
        },
      },
    },
  };
}

/** A volume that one node at a time may have is where the site's pods are. */
function besideSite(): object {
  const podAffinityTerm = { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { [`${LABEL_PREFIX}/role`]: "serve" } } };
  return { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }] } };
}

const closed = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };

function container(step: Step, job: BackupJob): object {
  const ofDatabase = OF_DATABASE.includes(step);
  const command = ofDatabase ? (job.database?.[step as "dump" | "scratch" | "bring"] ?? []) : [...PROGRAM, step, job.orders];
  return {
    name: step,
    image: ofDatabase ? job.database?.image : job.image,
    imagePullPolicy: "IfNotPresent",
    command: command.map(verbatim),
    // What a shell says last is why it ended; ours write what they did.
    terminationMessagePolicy: "FallbackToLogsOnError",
    resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "1Gi" } },
    securityContext: closed,
    volumeMounts: mountsOf(step, job),
  };
}

const PROGRAM = ["/usr/bin/node", "/usr/lib/howdah/bin/howdah", "backup-step"];

function mountsOf(step: Step, job: BackupJob): readonly object[] {
  const work = { name: "work", mountPath: BACKUP_PATHS.work };
  const temporary = { name: "tmp", mountPath: "/tmp" };
  if (step === "scratch")
    return [
      work,
      temporary,
      { name: "data", mountPath: DATABASE_PATHS.volume },
      { name: "config", mountPath: DATABASE_PATHS.config },
      { name: "admin", mountPath: DATABASE_PATHS.secrets },
      { name: "run", mountPath: DATABASE_PATHS.run },
    ];
  if (OF_DATABASE.includes(step)) return [work, temporary, { name: "password", mountPath: BACKUP_PATHS.password, readOnly: true }];
  const store = [
    { name: "key", mountPath: BACKUP_PATHS.key, readOnly: true },
    ...(job.store.claim === null ? [] : [{ name: "store", mountPath: BACKUP_PATHS.store }]),
  ];
  const site = job.mounts.map(({ path }, index) => ({ name: `site-${String(index)}`, mountPath: path, readOnly: step !== "put" }));
  return [work, temporary, ...(step === "put" ? [] : store), ...(step === "save" || step === "put" ? site : [])];
}

function volumes({ mounts, store, database, scratch }: BackupJob): readonly object[] {
  const memory = (name: string): object => ({ name, emptyDir: { medium: "Memory", sizeLimit: "16Mi" } });
  const disk = (name: string): object =>
    scratch === null ? { name, emptyDir: {} } : { name, ephemeral: { volumeClaimTemplate: { spec: claimSpec(scratch) } } };
  return [
    disk("work"),
    { name: "tmp", emptyDir: {} },
    { name: "key", secret: { secretName: store.secret, defaultMode: 0o440 } },
    ...(store.claim === null ? [] : [{ name: "store", persistentVolumeClaim: { claimName: store.claim } }]),
    ...mounts.map(({ claim }, index) => ({ name: `site-${String(index)}`, persistentVolumeClaim: { claimName: claim } })),
    ...(database === null
      ? []
      : [
          disk("data"),
          ...["config", "admin", "run"].map(memory),
          { name: "password", secret: { secretName: DATABASE_SECRET, defaultMode: 0o440, items: [{ key: "password", path: "password" }] } },
        ]),
  ];
}

function claimSpec(storage: string): object {
  return { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } };
}

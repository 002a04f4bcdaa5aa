import { LABEL_PREFIX } from "../../kernel/label.ts";
import { DATABASE_SECRET, DATASET_SECRET, PULL_SECRET } from "../../kernel/own-names.ts";
import type { ClusterObject } from "../cluster/cluster-object.ts";
import { podSecurity } from "../cluster/complete-container.ts";
import { verbatim } from "../cluster/verbatim.ts";
import { breedPolicies, type BreedReach } from "./breed-policies.ts";
import { BREED_JOB_LABEL, BREED_PART_LABEL } from "../../kernel/breed-labels.ts";
import { BREED_PATHS } from "./breed-paths.ts";
import { breederRules } from "./breeder-rules.ts";

/** One volume that a breed works in: a claim that comes and goes with the Job's pod. */
export interface BreedVolume {
  /** Of the volume's id what follows `SITE.gN.`: `raw`, `new-database`, `new-files-MOUNT`. */
  readonly part: string;
  /** Of a claim: `20Gi`. */
  readonly size: string;
}

/** What the Job of one breed of one site is made of. */
export interface BreedJob extends BreedReach {
  /** The site's, which is the site's name in all of Howdah's documents. */
  readonly namespace: string;
  /** Of the Job; 50 characters at most. */
  readonly name: string;
  /** The Dataset: everything here goes with it. */
  readonly owner: { readonly apiVersion: string; readonly name: string; readonly uid: string };
  /** Howdah's own: what the operator runs. */
  readonly image: string;
  /** The server's own image, of the site's version: private servers run it, and what reads the source. */
  readonly databaseImage: string;
  /** `raw` and `new-database` always, and `new-files-MOUNT` for each mount whose files are part of the dataset. */
  readonly volumes: readonly BreedVolume[];
  /** The site's volumes where its own pods have them; they are read only. */
  readonly mounts: readonly { readonly claim: string; readonly path: string }[];
  /** Of the claims; undefined: the cluster's own choice. */
  readonly storageClassName: string | undefined;
  /** Of the snapshots; undefined: the cluster's own choice. */
  readonly snapshotClassName: string | undefined;
  readonly deadlineSeconds: number;
}

/** What the Job's program is told, as JSON; no secret. */
export interface BreedOrders {
  readonly namespace: string;
  readonly job: string;
  readonly databaseImage: string;
  /** Where the pod has each volume; the name of its claim is the pod's, `-` and `volume`. */
  readonly volumes: readonly (BreedVolume & { readonly volume: string; readonly directory: string })[];
  readonly storageClassName: string | null;
  readonly snapshotClassName: string | null;
  readonly deadlineSeconds: number;
}

/** So long the Job and what its pod said stay after the end, if nobody takes it away before: raw data of one that was killed is as long there. */
const KEPT_SECONDS = 900;
const RBAC = "rbac.authorization.k8s.io";

/**
 * Everything that one breed of one site needs in the site's namespace, in the order in which it is applied; the Job comes last. The site's own user, Pod
 * Security `restricted`. What it works in are claims of the pod itself (ephemeral volumes): however it ends, raw data goes with the Job, by the cluster's own
 * hand. Its servers are pods that the Job's program makes: they belong to the Job's pod, and go with it.
 *
 * The Secrets `database` (`password`) and `dataset` (`mask-key`) of the site must be there. Ends with exit code 0 when a generation was published; its
 * termination message is JSON: `{"generation":"g3"}`, or `{"failed":{"code","message"}}`.
 */
export function breedJob(job: BreedJob): readonly ClusterObject[] {
  const labels = { "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/component": "dataset" };
  const owner = { apiVersion: job.owner.apiVersion, kind: "Dataset", name: job.owner.name, uid: job.owner.uid, controller: true };
  const metadata = { name: BREEDER_NAME, namespace: job.namespace, labels, ownerReferences: [owner] };
  return [
    // Its image comes from where the site's own do; a Secret that is not there is none.
    {
      ...{ apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
      imagePullSecrets: [{ name: PULL_SECRET }],
    },
    { apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules: breederRules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: RBAC, kind: "Role", name: BREEDER_NAME },
      subjects: [{ kind: "ServiceAccount", name: BREEDER_NAME, namespace: job.namespace }],
    },
    ...breedPolicies(job, metadata),
    theJob(job, { ...metadata, name: job.name }),
  ];
}

/** Of the service account, its role and its policies. */
export const BREEDER_NAME = "howdah-breeder";

function theJob(job: BreedJob, metadata: ClusterObject["metadata"]): ClusterObject {
  const labels = { ...metadata.labels, [BREED_JOB_LABEL]: job.name, [BREED_PART_LABEL]: "breeder" };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { ...metadata, labels: { ...metadata.labels, [BREED_JOB_LABEL]: job.name } },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: job.deadlineSeconds,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          serviceAccountName: BREEDER_NAME,
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: { ...podSecurity, fsGroup: podSecurity.runAsGroup, fsGroupChangePolicy: "OnRootMismatch" },
          affinity: besideSite(),
          containers: [container(job)],
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

const PROGRAM = ["/usr/bin/node", "/usr/lib/howdah/bin/howdah", "dataset-breed-step"];

function container(job: BreedJob): object {
  const field = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return {
    name: "breeder",
    image: job.image,
    imagePullPolicy: "IfNotPresent",
    command: [...PROGRAM, JSON.stringify(ordersOf(job))].map(verbatim),
    env: [field("POD_NAME", "metadata.name"), field("POD_UID", "metadata.uid"), field("NODE_NAME", "spec.nodeName")],
    terminationMessagePolicy: "FallbackToLogsOnError",
    resources: { requests: { cpu: "50m", memory: "192Mi" }, limits: { memory: "1Gi" } },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
    volumeMounts: [
      { name: "tmp", mountPath: "/tmp" },
      { name: "password", mountPath: BREED_PATHS.password, readOnly: true },
      { name: "mask-key", mountPath: BREED_PATHS.maskKey, readOnly: true },
      ...ordersOf(job).volumes.map(({ volume, directory }) => ({ name: volume, mountPath: directory })),
      ...job.mounts.map(({ path }, index) => ({ name: `site-${String(index)}`, mountPath: path, readOnly: true })),
    ],
  };
}

function ordersOf(job: BreedJob): BreedOrders {
  return {
    ...{ namespace: job.namespace, job: job.name, databaseImage: job.databaseImage },
    // A mount's volume may have a name as long as a pod's volume can't.
    volumes: job.volumes.map((one, index) => {
      const volume = one.part === "raw" ? "raw" : `new-${String(index)}`;
      return { ...one, volume, directory: `${BREED_PATHS.volumes}/${volume}` };
    }),
    ...{ storageClassName: job.storageClassName ?? null, snapshotClassName: job.snapshotClassName ?? null },
    deadlineSeconds: job.deadlineSeconds,
  };
}

function volumes(job: BreedJob): readonly object[] {
  const secret = (name: string, secretName: string, key: string): object => ({
    name,
    secret: { secretName, defaultMode: 0o440, items: [{ key, path: key }] },
  });
  const sizes = new Map(job.volumes.map(({ part, size }) => [part, size]));
  return [
    { name: "tmp", emptyDir: {} },
    secret("password", DATABASE_SECRET, "password"),
    secret("mask-key", DATASET_SECRET, "mask-key"),
    ...ordersOf(job).volumes.map(({ part, volume }) => ({
      name: volume,
      ephemeral: { volumeClaimTemplate: { spec: claimSpec(sizes.get(part) ?? "", job.storageClassName) } },
    })),
    ...job.mounts.map(({ claim }, index) => ({
      name: `site-${String(index)}`,
      persistentVolumeClaim: { claimName: claim, readOnly: true },
    })),
  ];
}

/** What a claim of a breed asks for. */
export function claimSpec(storage: string, storageClassName: string | null | undefined): object {
  return {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage } },
    ...(storageClassName === undefined || storageClassName === null ? {} : { storageClassName }),
  };
}

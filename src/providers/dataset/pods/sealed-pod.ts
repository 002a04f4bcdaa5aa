import { createHash } from "node:crypto";
import { BREED_JOB_LABEL, BREED_LABEL, BREED_PART_LABEL } from "../../../kernel/breed-labels.ts";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { RUN_AS } from "../../../kernel/label.ts";
import type { KubeObject } from "../../../kubernetes/kubernetes-api.ts";
import type { MountedDirectory, SealedContainer } from "../private-server.ts";
import { type BreedingPod, claimOf, placeIn } from "./breeding-pod.ts";

/** The one container. */
export const CONTAINER = "sealed";

/** What a snapshot's copy asks for. */
export interface SnapshotCopy {
  readonly snapshot: string;
  /** Of the claim, as quantities are written. */
  readonly size: string;
}

/** How one of these pods is made. */
export interface WantedPod {
  readonly name: string;
  readonly part: "sealed" | "loader";
  readonly container: Omit<SealedContainer, "files">;
  /** Copies of snapshots by the directories that stand for them. */
  readonly copyAt: (directory: string) => SnapshotCopy | undefined;
  /** A Secret of the namespace and where its keys are files; none in a sealed one. */
  readonly secret?: { readonly name: string; readonly at: string };
}

const MIB = 1024 * 1024;

/**
 * A pod of a breed: the user of all containers, Pod Security `restricted`, no token, nothing but these directories. It is on the breeder's own node, whose
 * volumes one node at a time may have; the scheduler brings it there, so that a copy whose storage waits for a pod is bound. Name servers it has none: a policy
 * that closes it still lets questions for names out.
 */
export function sealedPod({ name, part, container, copyAt, secret }: WantedPod, pod: BreedingPod): KubeObject {
  const mounts = container.directories.map((directory, index) => mountOf(directory, index, pod, copyAt));
  const volumes = new Map(mounts.map(({ volume }) => [volume.name, volume]));
  const secrets = secret === undefined ? [] : [{ name: "secret", secret: { secretName: secret.name, defaultMode: 0o440 } }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...{ name, namespace: pod.namespace },
      labels: {
        ...{ "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/component": "dataset" },
        ...{ [BREED_JOB_LABEL]: pod.job, [BREED_PART_LABEL]: part, [BREED_LABEL]: breedLabel(container.breed) },
      },
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: pod.name, uid: pod.uid }],
    },
    spec: {
      ...{ restartPolicy: "Never", automountServiceAccountToken: false, enableServiceLinks: false, terminationGracePeriodSeconds: 1 },
      activeDeadlineSeconds: pod.deadlineSeconds,
      // The first process of a container can't be killed from within, and Kubernetes asks it to end first.
      shareProcessNamespace: true,
      ...(part === "sealed" ? { dnsPolicy: "None", dnsConfig: { nameservers: ["127.0.0.1"] } } : {}),
      affinity: onNode(pod.node),
      securityContext: {
        ...{ runAsNonRoot: true, runAsUser: RUN_AS, runAsGroup: RUN_AS, seccompProfile: { type: "RuntimeDefault" } },
        ...{ fsGroup: RUN_AS, fsGroupChangePolicy: "OnRootMismatch" },
      },
      containers: [
        {
          ...{ name: CONTAINER, image: container.image, imagePullPolicy: "IfNotPresent" },
          // A kubelet puts variables in the place of `$(NAME)`.
          command: container.argv.map((word) => (/\$[$(]/.test(word) ? word.replaceAll("$", "$$$$") : word)),
          resources: {
            requests: { cpu: "50m", memory: String(Math.min(128 * MIB, container.memoryBytes)) },
            limits: { memory: String(container.memoryBytes) },
          },
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
          volumeMounts: [
            { name: "tmp", mountPath: "/tmp" },
            ...(secret === undefined ? [] : [{ name: "secret", mountPath: secret.at, readOnly: true }]),
            ...mounts.map(({ mount }) => mount),
          ],
        },
      ],
      volumes: [
        { name: "tmp", emptyDir: { medium: "Memory", sizeLimit: String(Math.max(64 * MIB, Math.floor(container.memoryBytes / 2))) } },
        ...secrets,
        ...volumes.values(),
      ],
    },
  };
}

/** Which breed a pod is of: a label has 63 characters, the names of sites may have more. */
export function breedLabel(breed: string): string {
  return createHash("sha256").update(breed).digest("hex").slice(0, 16);
}

function onNode(node: string): object {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [node] }];
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } } };
}

interface Mount {
  readonly volume: { readonly name: string; readonly [field: string]: unknown };
  readonly mount: object;
}

function mountOf({ from, to, readOnly }: MountedDirectory, index: number, pod: BreedingPod, copyAt: WantedPod["copyAt"]): Mount {
  const copy = copyAt(from);
  if (copy !== undefined) return copyMounted(copy, to, index, pod);
  const place = placeIn(pod, from);
  if (place === undefined) throw new HowdahError("bug", `${from} lies in no claim of the breed's pod`);
  const { volume: name, subPath } = place;
  return {
    volume: { name, persistentVolumeClaim: { claimName: claimOf(pod, name) } },
    mount: { name, mountPath: to, ...(subPath === "" ? {} : { subPath }), ...(readOnly === true ? { readOnly: true } : {}) },
  };
}

/** A claim that comes and goes with this pod. */
function copyMounted({ snapshot, size }: SnapshotCopy, to: string, index: number, { storageClassName }: BreedingPod): Mount {
  const name = `copy-${String(index)}`;
  const spec = {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: size } },
    dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: snapshot },
    ...(storageClassName === null ? {} : { storageClassName }),
  };
  return { volume: { name, ephemeral: { volumeClaimTemplate: { spec } } }, mount: { name, mountPath: to } };
}

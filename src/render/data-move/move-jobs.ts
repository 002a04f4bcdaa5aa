import { RUN_AS } from "../../kernel/label.ts";
import type { ClusterObject } from "../cluster/cluster-object.ts";
import { podSecurity } from "../cluster/complete-container.ts";
import { moveLabels, moveMark, SENDER_NAMESPACE } from "./move-labels.ts";
import { SENDER_PORT } from "./rsyncd-config.ts";

/** Where the receiver has the site's volume. */
export const RECEIVER_DATA = "/data";
/** Where the sender has the node's directory. */
export const SENDER_DATA = "/source";
/** Where both have what they know each other by. */
const KNOWN = "/etc/howdah";
/** The receiver's word for the sender. */
export const PASSWORD_FILE = `${KNOWN}/password`;
/** The container's name on both sides. */
export const MOVER = "mover";

/**
 * Seconds that a move lives without a word from its command: the Job then ends by its own deadline, Kubernetes deletes it a minute later and with
 * it all that it owns. The command puts the deadline off while it lives, so nothing of a killed one needs to be collected by anybody.
 */
export const LEASE_SECONDS = 600;
const KEPT_SECONDS = 60;

/** What both sides of a move have in common. */
export interface Move {
  /** Names its objects: letters and digits. */
  readonly id: string;
  /** By digest, in a registry that the nodes reach. */
  readonly image: string;
  /** Who runs the command. */
  readonly by: string;
  /** RFC 3339. */
  readonly now: string;
}

/** The receiving side. */
export interface Receiver {
  readonly namespace: string;
  readonly claim: string;
  /** The node whose pods have the claim, when no other node may have it too (ReadWriteOnce); undefined: any. */
  readonly node: string | undefined;
  /** It asks a sender in the cluster and so needs the password; else it is spoken to through the API server. */
  readonly pulls: boolean;
}

/** The name of a move's Jobs, Secrets and policies. */
export function moveName(role: "receiver" | "sender", { id }: Pick<Move, "id">): string {
  return `howdah-data-${role}-${id}`;
}

/**
 * The Job that has the site's volume, as the site's own user and within Pod Security `restricted`. Its first process only waits (rsync as a server
 * without a module, for nobody but itself: the image has no other program); copies are started beside it.
 */
export function receiverJob(move: Move, { namespace, claim, node, pulls }: Receiver): ClusterObject {
  const volumes = [{ name: "data", persistentVolumeClaim: { claimName: claim } }];
  const mounts = [{ name: "data", mountPath: RECEIVER_DATA }];
  return job(move, "receiver", namespace, {
    ...(node === undefined ? {} : { affinity: onNode(node) }),
    securityContext: { ...podSecurity, fsGroup: RUN_AS, fsGroupChangePolicy: "OnRootMismatch" },
    containers: [
      container(move, ["--config=/dev/null", "--address=127.0.0.1", `--port=${String(SENDER_PORT)}`], {
        volumeMounts: pulls ? [...mounts, knownMount] : mounts,
        securityContext: closed,
      }),
    ],
    volumes: pulls ? [...volumes, knownVolume(move, "receiver", 0o440)] : volumes,
  });
}

/**
 * The Job that reads a directory of a node, in the namespace that alone permits it. Root, because only root reads what belongs to many; with no more of
 * root's powers than reading and what rsync needs to lock itself into that directory.
 */
export function senderJob(move: Move, { node, path }: { readonly node: string; readonly path: string }): ClusterObject {
  const add = ["DAC_READ_SEARCH", "SETGID", "SETUID", "SYS_CHROOT"];
  return job(move, "sender", SENDER_NAMESPACE, {
    affinity: onNode(node),
    // The data is on this node, whatever else it is kept free for.
    tolerations: [{ operator: "Exists" }],
    securityContext: { runAsUser: 0, runAsGroup: 0, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      container(move, [`--config=${KNOWN}/rsyncd.conf`, `--port=${String(SENDER_PORT)}`], {
        ports: [{ containerPort: SENDER_PORT, protocol: "TCP" }],
        volumeMounts: [{ name: "source", mountPath: SENDER_DATA, readOnly: true }, knownMount],
        securityContext: { ...closed, capabilities: { drop: ["ALL"], add } },
      }),
    ],
    volumes: [{ name: "source", hostPath: { path, type: "Directory" } }, knownVolume(move, "sender", 0o400)],
  });
}

const closed = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };
const knownMount = { name: "known", mountPath: KNOWN, readOnly: true };

function knownVolume(move: Move, role: "receiver" | "sender", defaultMode: number): object {
  return { name: "known", secret: { secretName: moveName(role, move), defaultMode } };
}

/** By the node's name, which a label need not have. */
function onNode(node: string): object {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [node] }];
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } } };
}

function container(move: Move, daemon: readonly string[], own: object): object {
  return {
    name: MOVER,
    image: move.image,
    imagePullPolicy: "IfNotPresent",
    command: ["/usr/bin/rsync", "--daemon", "--no-detach", ...daemon],
    readinessProbe: {
      exec: { command: ["/usr/bin/rsync", `rsync://127.0.0.1:${String(SENDER_PORT)}/`] },
      periodSeconds: 1,
      timeoutSeconds: 10,
    },
    // Names of files take the memory: a gigabyte holds about five million.
    resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "2", memory: "1Gi" } },
    ...own,
  };
}

function job(move: Move, role: "receiver" | "sender", namespace: string, pod: object): ClusterObject {
  const labels = moveLabels(role, move.id);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: moveName(role, move),
      namespace,
      labels,
      annotations: { [moveMark.by]: move.by, [moveMark.renewed]: move.now },
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: LEASE_SECONDS,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          ...pod,
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 2,
        },
      },
    },
  };
}

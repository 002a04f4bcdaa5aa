import { METRICS_PATH } from "../nginx/render-status-server.ts";
import type { PodSpec, PodTemplate, Volume } from "../objects.ts";
import { DRAIN_SECONDS, STATUS_PORT } from "../site/render-containers.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { clusterVolumes, completeVolume, isClaimed } from "./cluster-volumes.ts";
import { completeContainer, PHP_WAIT_SECONDS, podSecurity } from "./complete-container.ts";
import { leaveLostNodes } from "./leave-lost-nodes.ts";

/** What a pod's workload says of it. */
export interface PodUse {
  /** Selects the pods that are spread over nodes; undefined for a pod that runs alone. */
  readonly spread?: Readonly<Record<string, string>>;
  readonly startSeconds: number;
  /** Default: as the pod has it, `Always`. A Job's pod ends. */
  readonly restartPolicy?: "Never";
}

/** A pod that Pod Security `restricted` admits. Errors: `cluster/rejected` for a volume that only a machine has. */
export function completeTemplate(template: PodTemplate, use: PodUse, settings: ClusterSettings): object {
  const { labels, annotations } = template.metadata;
  return {
    metadata: { labels, annotations: { ...annotations, ...scraped(template.spec) } },
    spec: completePodSpec(template.spec, use, settings),
  };
}

/** The words by which Prometheus is commonly told where a pod's figures are. */
function scraped(spec: PodSpec): Readonly<Record<string, string>> {
  if (!spec.containers.some(({ name }) => name === "php") || !tellsStatus(spec)) return {};
  return { "prometheus.io/scrape": "true", "prometheus.io/port": String(STATUS_PORT), "prometheus.io/path": METRICS_PATH };
}

/** True with an nginx that answers for the pod's health: the site's own, or the one beside PHP that is apart. */
function tellsStatus({ containers }: PodSpec): boolean {
  return containers.some(({ ports }) => ports.some(({ containerPort }) => containerPort === STATUS_PORT));
}

function completePodSpec(spec: PodSpec, use: PodUse, settings: ClusterSettings): object {
  const { initContainers, ...rest } = spec;
  const volumes = clusterVolumes(spec.volumes);
  const facts = { volumes, tellsStatus: tellsStatus(spec), startSeconds: use.startSeconds };
  const containers = spec.containers.map((container) => completeContainer(container, facts, settings));
  return {
    ...rest,
    ...(initContainers.length === 0
      ? {}
      : { initContainers: initContainers.map((container) => completeContainer(container, facts, settings)) }),
    containers,
    volumes: volumes.map((volume) => completeVolume(volume, settings.storage)),
    terminationGracePeriodSeconds: graceOf(spec),
    restartPolicy: use.restartPolicy ?? spec.restartPolicy,
    // Else every Service of the namespace puts variables such as PHP_PORT into every container.
    enableServiceLinks: false,
    securityContext: { ...spec.securityContext, ...podSecurity, ...groupOf(volumes, settings) },
    ...(settings.priorityClass === null ? {} : { priorityClassName: settings.priorityClass }),
    ...(use.spread === undefined ? {} : { ...spreadOver(use.spread), tolerations: leaveLostNodes() }),
  };
}

/** The wait before the stop signal counts towards the grace, and is a longer one here than on one machine. */
function graceOf({ containers, terminationGracePeriodSeconds }: PodSpec): number {
  const waits = containers.some(({ lifecycle }) => lifecycle !== undefined);
  return terminationGracePeriodSeconds + (waits ? PHP_WAIT_SECONDS - DRAIN_SECONDS : 0);
}

/**
 * A new volume belongs to root and nobody else may write to it: its root directory is given to our group, once. `OnRootMismatch` looks at
 * that directory alone afterwards, while the default walks through all files at each start (R-A5). Pods without such a volume need no group.
 */
function groupOf(volumes: readonly Volume[], { storage }: ClusterSettings): object {
  const claims = volumes.some((volume) => isClaimed(volume, storage));
  return claims ? { fsGroup: podSecurity.runAsGroup, fsGroupChangePolicy: "OnRootMismatch" } : {};
}

/** On different nodes and in different zones as far as there are any; a cluster with fewer nodes than pods still runs them all. */
function spreadOver(matchLabels: Readonly<Record<string, string>>): object {
  const constraint = (topologyKey: string): object => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels },
    // Pods of the release that goes are not counted: after a rollout the new ones are spread among themselves.
    matchLabelKeys: ["pod-template-hash"],
  });
  return {
    topologySpreadConstraints: [constraint("kubernetes.io/hostname"), constraint("topology.kubernetes.io/zone")],
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, podAffinityTerm: { labelSelector: { matchLabels }, topologyKey: "kubernetes.io/hostname" } },
        ],
      },
    },
  };
}

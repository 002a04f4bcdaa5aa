import type { Container, Deployment, Rendered } from "../objects.ts";
import { labelsFor } from "../labels.ts";
import type { Cron, Site } from "../../site/site.ts";
import type { ClusterObject } from "./cluster-object.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { completeTemplate } from "./complete-pod.ts";

/** A cron with its schedule in the five fields that Kubernetes reads: `H` and macros are settled. */
export interface SettledCron extends Cron {
  readonly fields: string;
}

/** Below ten seconds the controller, which looks every ten, may never start a run. */
const LEAST_DEADLINE_SECONDS = 30;

/**
 * A site's crons as CronJobs, for clusters without Howdah's operator: each run is a pod of its own with PHP's image, environment and volumes,
 * as the operator's are, but started by Kubernetes at the full minute. A run that fails is not repeated before its time.
 */
export function renderCronJobs(
  site: Site,
  crons: readonly SettledCron[],
  objects: readonly Rendered[],
  settings: ClusterSettings,
): readonly ClusterObject[] {
  const found = objects.flatMap(({ object }) => (object.kind === "Deployment" ? phpOf(object) : []))[0];
  return found === undefined ? [] : crons.map((cron) => cronJob(site, cron, found, settings));
}

interface Php {
  readonly container: Container;
  readonly deployment: Deployment;
}

function phpOf(deployment: Deployment): readonly Php[] {
  return deployment.spec.template.spec.containers.filter(({ name }) => name === "php").map((container) => ({ container, deployment }));
}

function cronJob(site: Site, cron: SettledCron, { container, deployment }: Php, settings: ClusterSettings): ClusterObject {
  const labels = labelsFor(site, "cron");
  const { metadata, spec } = deployment.spec.template;
  const { lifecycle: _drain, readinessProbe: _ready, ...base } = container;
  const runner: Container = { ...base, name: "cron", args: ["run", "--", ...cron.argv], ports: [], stopSignal: "SIGTERM" };
  const mounted = new Set(runner.volumeMounts.map(({ name }) => name));
  const volumes = spec.volumes.filter(({ name }) => mounted.has(name));
  const template = completeTemplate(
    { metadata: { ...metadata, labels }, spec: { ...spec, containers: [runner], volumes } },
    { startSeconds: 0, restartPolicy: "Never" },
    settings,
  );
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: `cron-${cron.name}`, namespace: settings.namespace, labels },
    spec: {
      schedule: cron.fields,
      timeZone: cron.timeZone,
      concurrencyPolicy: cron.overlap === "allow" ? "Allow" : "Forbid",
      startingDeadlineSeconds: Math.max(LEAST_DEADLINE_SECONDS, cron.missedSeconds),
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: cron.timeoutSeconds, template } },
    },
  };
}

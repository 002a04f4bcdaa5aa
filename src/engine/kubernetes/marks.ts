import { LABEL_PREFIX } from "../../kernel/label.ts";

/** Labels and annotations by which the engine knows its own objects in a cluster: the cluster is its only memory. */
export const mark = {
  /** Label of everything that the engine wrote. What lacks it is never changed or deleted. */
  owned: `${LABEL_PREFIX}/engine`,
  /** Label of a Kubernetes namespace: the engine's name of it. */
  namespace: `${LABEL_PREFIX}/namespace`,
  /**
   * Label of pods, and part of every Service's selector: what a pod is there for. Only those that serve get visitors, and a pod of any
   * other kind may have all other labels of its workload, so that the same network policies hold for it.
   */
  role: `${LABEL_PREFIX}/role`,
  /** Label of pods: the Deployment or StatefulSet whose template they are made from. */
  workload: `${LABEL_PREFIX}/workload`,
  /** Label of a Job and its pod: the run's id. */
  run: `${LABEL_PREFIX}/run`,
  /** Label of a Job and its pod: the cron's name. */
  cron: `${LABEL_PREFIX}/cron`,
  /** Annotation: the rendered object that this one is, or belongs to (`Deployment/web`). */
  key: `${LABEL_PREFIX}/key`,
  /** Annotation: digest of the rendered object; ends in `-unsettled` until the change is known to have succeeded. */
  digest: `${LABEL_PREFIX}/digest`,
  /** Annotation: how many objects of the cluster the rendered object became. */
  parts: `${LABEL_PREFIX}/parts`,
  /** Annotation of a pod template: digest of the rendered template. */
  template: `${LABEL_PREFIX}/template`,
  /** Annotation of a Deployment or StatefulSet: replicas when it is not stopped. */
  replicas: `${LABEL_PREFIX}/replicas`,
  /** Annotation of a Deployment: digests of the templates that served, newest first. They need no trial. */
  served: `${LABEL_PREFIX}/served`,
  /** Annotation of an HTTPRoute or Ingress: since when its namespace claims the hostnames that it has. */
  claimed: `${LABEL_PREFIX}/claimed`,
  /** Annotation of a Job: why it was stopped. */
  stopped: `${LABEL_PREFIX}/stopped`,
  /** Annotation of a Job: seconds that it may take. */
  timeout: `${LABEL_PREFIX}/timeout-seconds`,
  /** Annotation of a Job: when it was due, milliseconds since the epoch. */
  planned: `${LABEL_PREFIX}/planned`,
} as const;

/** What a pod is there for. */
export type Role = "serve" | "trial" | "once" | "job" | "maintenance";

/** The value of the label `owned`. */
const OWNER = "kubernetes";

/** Labels that make an object ours. */
export const ownedLabels: Readonly<Record<string, string>> = { [mark.owned]: OWNER };

/** Selects what is ours, and of it what has `labels`. */
export function ownSelector(labels: Readonly<Record<string, string>> = {}): string {
  return Object.entries({ ...ownedLabels, ...labels })
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}

/** True for what the engine wrote. */
export function isOwned(object: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } }): boolean {
  return object.metadata.labels?.[mark.owned] === OWNER;
}

const UNSETTLED = "-unsettled";

/** The digest of a change that is not finished: a plan made now performs it again. */
export function unsettled(digest: string): string {
  return `${digest}${UNSETTLED}`;
}

/** True for the digest of a change that is not finished. */
export function isUnsettled(digest: string): boolean {
  return digest.endsWith(UNSETTLED);
}

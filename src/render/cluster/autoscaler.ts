import { MOST_REPLICAS_ANNOTATION, WORKERS_ANNOTATION } from "../../kernel/label.ts";
import type { Deployment } from "../objects.ts";
import type { ClusterObject } from "./cluster-object.ts";
import { companion } from "./companion.ts";

/** Share of a pod's PHP workers that may be busy in the mean: a new pod takes seconds to come, and the queue behind the rest is short. */
const BUSY_SHARE = 0.7;
/**
 * Requests that wait for a worker, in the mean of all pods: one says that workers are too few. FPM sees the queue of its TCP port (`apart`); that
 * of a Unix socket it gives as 0 (measured on 8.4: four waited), so there the busy workers decide alone.
 */
const WAITING = "1";
/** nginx serves thousands of files a second with that: it is CPU that it runs out of. */
const NGINX_CPU = "500m";

/** The most replicas of a Deployment; undefined when it always has the same number. */
export function mostReplicas({ metadata, spec }: Deployment): number | undefined {
  const text = metadata.annotations?.[MOST_REPLICAS_ANNOTATION];
  return text === undefined ? undefined : Math.max(spec.replicas, Number(text));
}

/**
 * Makes a Deployment grow with its visitors. PHP is judged by FPM's own figures, `phpfpm_active_processes` and `phpfpm_listen_queue`, as its
 * status page gives them at `/-/metrics`: it waits for databases, so its CPU says little. A metrics adapter brings them (the custom metrics
 * API); without one the count stays, and `kubectl describe hpa` says why. nginx alone is judged by CPU.
 */
export function autoscaler(deployment: Deployment): readonly ClusterObject[] {
  const maxReplicas = mostReplicas(deployment);
  if (maxReplicas === undefined) return [];
  const { name, annotations = {} } = deployment.metadata;
  const workers = annotations[WORKERS_ANNOTATION];
  const metrics =
    workers === undefined
      ? [{ type: "Resource", resource: { name: "cpu", target: { type: "AverageValue", averageValue: NGINX_CPU } } }]
      : [
          podsMetric("phpfpm_active_processes", String(Math.max(1, Math.round(Number(workers) * BUSY_SHARE)))),
          podsMetric("phpfpm_listen_queue", WAITING),
        ];
  const spec = {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
    minReplicas: deployment.spec.replicas,
    maxReplicas,
    metrics,
    // Visitors come in waves: what was needed within five minutes is kept, what is needed now comes at once.
    behavior: { scaleDown: { stabilizationWindowSeconds: 300 }, scaleUp: { stabilizationWindowSeconds: 0 } },
  };
  return [companion(deployment, { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" }, { name, spec })];
}

function podsMetric(name: string, averageValue: string): object {
  return { type: "Pods", pods: { metric: { name }, target: { type: "AverageValue", averageValue } } };
}

import { CONNECTS_ANNOTATION, LABEL_PREFIX } from "../../kernel/label.ts";
import { unreachable } from "../../kernel/unreachable.ts";
import type { Deployment, Manifest, PersistentVolumeClaim, Rendered, StatefulSet } from "../objects.ts";
import type { ClusterObject } from "./cluster-object.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { autoscaler, mostReplicas } from "./autoscaler.ts";
import { companion } from "./companion.ts";
import { completeTemplate } from "./complete-pod.ts";
import { hasPlace, rulesFor, sitePolicies } from "./network-policies.ts";
import { completeRoute, completeService } from "./way-in.ts";

/** Annotation of an object: the digest of what it was rendered from. Equal digests and settings give equal objects. */
const DIGEST_ANNOTATION = `${LABEL_PREFIX}/digest`;

/** A database recovers from its log before it answers: its own startup probe says how long. */
const NO_LIMIT_SECONDS = 1800;

/**
 * Turns an object that renderSite made into those that a real API server takes strictly and Pod Security `restricted` admits. The first is
 * the object itself (an Ingress in place of an HTTPRoute where the cluster has no Gateway); others exist for its sake and are labelled so
 * (`COMPANION_LABEL`). A route of a cluster without a way in gives none. Pure: same object and settings, same answer.
 * Errors: `cluster/rejected` for what only one machine can do (`deploy --watch`).
 */
export function completeForCluster(object: Rendered, settings: ClusterSettings): readonly ClusterObject[] {
  return completeManifest(object.object, settings).map((one) => ({
    ...one,
    metadata: {
      ...one.metadata,
      namespace: settings.namespace,
      annotations: { ...one.metadata.annotations, [DIGEST_ANNOTATION]: object.digest },
    },
  }));
}

function completeManifest(manifest: Manifest, settings: ClusterSettings): readonly ClusterObject[] {
  switch (manifest.kind) {
    case "ConfigMap":
      return [{ ...manifest }];
    case "PersistentVolumeClaim":
      return [completeClaim(manifest, settings)];
    case "Service":
      return [completeService(manifest, settings)];
    case "NetworkPolicy":
      return [completePolicy(manifest)];
    case "HTTPRoute":
      return completeRoute(manifest, settings);
    case "Deployment":
      return [
        completeDeployment(manifest, settings),
        ...disruptionBudget(manifest),
        ...autoscaler(manifest),
        ...sitePolicies(manifest, settings),
      ];
    case "StatefulSet":
      return [completeStatefulSet(manifest, settings)];
    default:
      return unreachable(manifest);
  }
}

function completeDeployment(deployment: Deployment, settings: ClusterSettings): ClusterObject {
  const { replicas, ...spec } = deployment.spec;
  const { template, selector, progressDeadlineSeconds } = spec;
  return {
    ...deployment,
    spec: {
      // The autoscaler's number is its own: said here, each apply would take the pods away that it has made.
      ...(mostReplicas(deployment) === undefined ? { replicas } : {}),
      ...spec,
      revisionHistoryLimit: 3,
      template: completeTemplate(template, { spread: selector.matchLabels, startSeconds: progressDeadlineSeconds }, settings),
    },
  };
}

function completeStatefulSet(set: StatefulSet, settings: ClusterSettings): ClusterObject {
  const template = completeTemplate(set.spec.template, { startSeconds: NO_LIMIT_SECONDS }, settings);
  return { ...set, spec: { ...set.spec, revisionHistoryLimit: 3, template } };
}

/** Keeps pods serving while a node drains. A single replica needs none, and pods that don't work never block a drain. */
function disruptionBudget(deployment: Deployment): readonly ClusterObject[] {
  if (Math.max(deployment.spec.replicas, mostReplicas(deployment) ?? 1) < 2) return [];
  const type = { apiVersion: "policy/v1", kind: "PodDisruptionBudget" } as const;
  const spec = { maxUnavailable: 1, selector: deployment.spec.selector, unhealthyPodEvictionPolicy: "AlwaysAllow" };
  return [companion(deployment, type, { name: deployment.metadata.name, spec })];
}

/** Volumes that all pods share are of the class for them, a database's of the other. */
function completeClaim(claim: PersistentVolumeClaim, { storage }: ClusterSettings): ClusterObject {
  // What drivers copy on write they mostly mount on one node, and an environment has one pod of each kind.
  const isCopy = claim.spec.storageClassName !== undefined || claim.spec.dataSource !== undefined;
  if (isCopy) return { ...claim, spec: { ...claim.spec, accessModes: ["ReadWriteOnce"] } };
  const shared = claim.spec.accessModes.includes("ReadWriteMany");
  const storageClassName = shared ? storage.shared : storage.single;
  return {
    ...claim,
    spec: {
      ...claim.spec,
      accessModes: shared ? [storage.sharedAccess] : claim.spec.accessModes,
      ...(storageClassName === null ? {} : { storageClassName }),
    },
  };
}

/** An environment's way out: what its file allows by address, or of this cluster. Names the operator looks up; they have a policy of their own. */
function closedSpec({ spec, metadata }: Extract<Manifest, { kind: "NetworkPolicy" }>): object {
  const allowed = (metadata.annotations?.[CONNECTS_ANNOTATION] ?? "").split(" ").filter((target) => target !== "");
  return { podSelector: spec.podSelector, policyTypes: ["Egress"], egress: allowed.filter(hasPlace).flatMap(rulesFor) };
}

function completePolicy(policy: Extract<Manifest, { kind: "NetworkPolicy" }>): ClusterObject {
  if (policy.spec.policyTypes[0] === "Egress") return { ...policy, spec: { ...closedSpec(policy) } };
  const ingress = policy.spec.ingress.map(({ from, ports }) => ({ from, ports: ports.map(({ port }) => ({ protocol: "TCP", port })) }));
  return { ...policy, spec: { ...policy.spec, ingress } };
}

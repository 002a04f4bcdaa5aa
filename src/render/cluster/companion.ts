import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { Manifest } from "../objects.ts";
import type { ClusterObject } from "./cluster-object.ts";

/**
 * Label of an object that exists for another's sake: `deployment.web`. Who applies an object finds by it what was put there with it before and
 * is not wanted any more (a site that goes down to one replica has no PodDisruptionBudget).
 */
export const COMPANION_LABEL = `${LABEL_PREFIX}/companion-of`;

/** What companions there are: kind by kind, for whoever looks for those that are left over. */
export const companionKinds = [
  { apiVersion: "policy/v1", kind: "PodDisruptionBudget" },
  { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" },
  { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
  { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" },
] as const;

/** An object that exists for another's sake: its labels, and one that names it. */
export function companion(
  of: Manifest,
  type: (typeof companionKinds)[number],
  { name, ...fields }: { readonly name: string } & Readonly<Record<string, unknown>>,
): ClusterObject {
  const label = `${of.kind.toLowerCase()}.${of.metadata.name}`;
  return { ...type, metadata: { name, labels: { ...of.metadata.labels, [COMPANION_LABEL]: label } }, ...fields };
}

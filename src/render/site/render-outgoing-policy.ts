import { CONNECTS_ANNOTATION } from "../../kernel/label.ts";
import type { Site } from "../../site/site.ts";
import { labelsFor } from "../labels.ts";
import type { NetworkPolicy } from "../objects.ts";

/**
 * Closes the way out of an environment, but to the servers that its site file allows: a copy of a shop must not order anything, send mails or call
 * anybody's webhook. Nothing for production.
 */
export function renderOutgoingPolicy(site: Site): NetworkPolicy[] {
  if (site.preview === undefined) return [];
  const { allow } = site.preview;
  const annotations = allow.length === 0 ? {} : { annotations: { [CONNECTS_ANNOTATION]: allow.join(" ") } };
  return [
    {
      ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
      metadata: { name: "no-way-out", labels: labelsFor(site, "network"), ...annotations },
      spec: { podSelector: { matchLabels: {} }, policyTypes: ["Egress"], ingress: [] },
    },
  ];
}

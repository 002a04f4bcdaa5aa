import { expect, it } from "vitest";
import { FIELD_MANAGER, isAsApplied, lostFields } from "./field-ownership.ts";
import type { KubeObject } from "./kubernetes-api.ts";

const named = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "default-deny", namespace: "acme" } };
const spec = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
const applied: KubeObject = { ...named, spec: { ...spec, ingress: [], egress: [] } };

/** As Kubernetes 1.34 answers: of an empty list it keeps whose it is, and nothing else. */
function stored(rules: object, ours: readonly string[], theirs: readonly string[]): KubeObject {
  const fields = (of: readonly string[]): object => ({ "f:spec": Object.fromEntries(of.map((field) => [`f:${field}`, {}])) });
  const managedFields = [
    { manager: FIELD_MANAGER, operation: "Apply", fieldsV1: fields(ours) },
    ...(theirs.length === 0 ? [] : [{ manager: "kubectl-edit", operation: "Update", fieldsV1: fields(theirs) }]),
  ];
  return { ...named, metadata: { ...named.metadata, managedFields } as KubeObject["metadata"], spec: { ...spec, ...rules } };
}

it.each<{ name: string; live: KubeObject; lost: string[] }>([
  {
    name: "as it was applied",
    live: stored({}, ["egress", "ingress", "podSelector", "policyTypes"], []),
    lost: [],
  },
  {
    name: "with a rule that somebody added",
    live: stored({ ingress: [{}] }, ["egress", "podSelector", "policyTypes"], ["ingress"]),
    lost: ["spec.ingress"],
  },
  {
    name: "with a list that somebody emptied again, and owns",
    live: stored({}, ["egress", "podSelector", "policyTypes"], ["ingress"]),
    lost: [],
  },
])("an empty list of rules is ours: $name", ({ live, lost }) => {
  expect(lostFields(live, applied, FIELD_MANAGER)).toEqual(lost);
  expect(isAsApplied(live, applied, FIELD_MANAGER)).toBe(lost.length === 0);
});

import { expect, it } from "vitest";
import type { KubeObject } from "../kubernetes/kubernetes-api.ts";
import { affected, parseQueueKey, type WatchedKind } from "./controllers.ts";

const site = { apiVersion: "x", kind: "Site", metadata: { name: "blog", namespace: "acme" } };
const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "acme", labels: { "howdah.dev/tenant": "agency" } } };
const tenants = ["agency", "other"].map((name) => ({ apiVersion: "x", kind: "Tenant", metadata: { name } }));
const store = (objects: readonly KubeObject[]) => ({
  all: () => objects,
  get: (key: string) => objects.find(({ metadata }) => metadata.name === key),
});
const stores = new Proxy({} as Record<WatchedKind, ReturnType<typeof store>>, {
  get: (_target, kind) => store(kind === "Site" ? [site] : kind === "Namespace" ? [namespace] : kind === "Tenant" ? tenants : []),
});

it.each<{ name: string; kind: WatchedKind; key: string; looks: string[] }>([
  { name: "a site that changed", kind: "Site", key: "acme/blog", looks: ["Site/acme/blog"] },
  { name: "a site that went: the others of its namespace", kind: "Site", key: "acme/shop", looks: ["Site/acme/shop", "Site/acme/blog"] },
  {
    name: "an environment and the site that shows it",
    kind: "Environment",
    key: "acme/production",
    looks: ["Environment/acme/production", "Site/acme/blog"],
  },
  { name: "what a release is for", kind: "Release", key: "acme/r2", looks: ["Environment/acme/production", "Site/acme/blog"] },
  { name: "the environment of a part that went", kind: "Service", key: "acme/web", looks: ["Environment/acme/production"] },
  { name: "a namespace's tenant", kind: "Namespace", key: "acme", looks: ["Tenant//agency"] },
  { name: "all tenants for a namespace that went", kind: "Namespace", key: "gone", looks: ["Tenant//agency", "Tenant//other"] },
])("looks at $name", ({ kind, key, looks }) => {
  expect(affected(kind, key, stores)).toEqual(looks);
});

it("names an object by one word", () => {
  expect(parseQueueKey("Tenant//acme")).toEqual({ kind: "Tenant", namespace: undefined, name: "acme" });
});

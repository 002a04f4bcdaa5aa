import { expect, it } from "vitest";
import type { KubeObject } from "../kubernetes/kubernetes-api.ts";
import { affected, parseQueueKey, type WatchName } from "./controllers.ts";

const site = { apiVersion: "x", kind: "Site", metadata: { name: "blog", namespace: "acme" } };
const withDatabase = { apiVersion: "x", kind: "Site", metadata: { name: "wiki", namespace: "uni" }, spec: { database: {} } };
const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "acme", labels: { "howdah.dev/tenant": "agency" } } };
const tenants = ["agency", "other"].map((name) => ({ apiVersion: "x", kind: "Tenant", metadata: { name } }));
const store = (objects: readonly KubeObject[]) => ({
  all: () => objects,
  get: (key: string) => objects.find(({ metadata }) => metadata.name === key),
  select: (_index: string, namespace: string) => objects.filter(({ metadata }) => metadata.namespace === namespace),
});
const stores = { Site: store([site, withDatabase]), Namespace: store([namespace]), Tenant: store(tenants) };

it.each<{ name: string; watch: WatchName; key: string; looks: string[] }>([
  { name: "a site that changed", watch: "Site", key: "acme/blog", looks: ["Site/acme/blog"] },
  { name: "a site that went: the others of its namespace", watch: "Site", key: "acme/shop", looks: ["Site/acme/shop", "Site/acme/blog"] },
  {
    name: "an environment and the site that shows it",
    watch: "Environment",
    key: "acme/production",
    looks: ["Environment/acme/production", "Site/acme/blog"],
  },
  { name: "what a release is for", watch: "Release", key: "acme/r2", looks: ["Environment/acme/production", "Site/acme/blog"] },
  { name: "the environment of a part that went", watch: "Service", key: "acme/web", looks: ["Environment/acme/production"] },
  { name: "the environment of a pod", watch: "Pod", key: "acme/web-1", looks: ["Environment/acme/production"] },
  { name: "the environment of a secret of ours", watch: "GeneratedSecret", key: "acme/generated", looks: ["Environment/acme/production"] },
  { name: "the tenant of a pull secret", watch: "PullSecret", key: "acme/howdah-pull", looks: ["Tenant//agency"] },
  { name: "no tenant for an account of a namespace that is nobody's", watch: "ServiceAccount", key: "free/default", looks: [] },
  {
    name: "one environment with a database for the server's secret",
    watch: "ServerSecret",
    key: "howdah-system/mariadb-11-8",
    looks: ["Environment/uni/production"],
  },
  { name: "the tenant of a role that went", watch: "Role", key: "acme/howdah-admin", looks: ["Tenant//agency"] },
  {
    name: "the environment and the tenant of a policy, which closes a namespace without a site, too",
    watch: "NetworkPolicy",
    key: "acme/default-deny",
    looks: ["Environment/acme/production", "Tenant//agency"],
  },
  {
    name: "no tenant for a policy of a namespace that is nobody's",
    watch: "NetworkPolicy",
    key: "free/x",
    looks: ["Environment/free/production"],
  },
  {
    name: "one environment with a database for a part of the server that all share",
    watch: "StatefulSet",
    key: "howdah-system/mariadb-11-8",
    looks: ["Environment/uni/production"],
  },
  {
    name: "the environment that a policy of the server lets in",
    watch: "NetworkPolicy",
    key: "howdah-system/mariadb-11-8-from-acme",
    looks: ["Environment/acme/production"],
  },
  { name: "nothing for the name server, whose address stays", watch: "NameServer", key: "kube-system/kube-dns", looks: [] },
  { name: "a tenant and its environments", watch: "Tenant", key: "agency", looks: ["Tenant//agency", "Environment/acme/production"] },
  { name: "a namespace's tenant", watch: "Namespace", key: "acme", looks: ["Tenant//agency"] },
  { name: "all tenants for a namespace that went", watch: "Namespace", key: "gone", looks: ["Tenant//agency", "Tenant//other"] },
])("looks at $name", ({ watch, key, looks }) => {
  expect(affected(watch, key, stores)).toEqual(looks);
});

it("names an object by one word", () => {
  expect(parseQueueKey("Tenant//acme")).toEqual({ kind: "Tenant", namespace: undefined, name: "acme" });
});

it("looks at whoever claims a hostname of a route that came, too: of two written at once either may have to go", () => {
  const route = (of: string, ...hostnames: string[]): KubeObject => ({
    ...{ apiVersion: "x", kind: "HTTPRoute", metadata: { name: "web", namespace: of } },
    spec: { hostnames },
  });
  const all = [route("acme", "a.test", "b.test"), route("uni", "b.test"), route("free", "c.test")];
  const HTTPRoute = {
    get: (key: string) => all.find(({ metadata }) => key === `${metadata.namespace ?? ""}/web`),
    select: (_index: string, hostname: string) => all.filter(({ spec }) => (spec as { hostnames: string[] }).hostnames.includes(hostname)),
  };
  const looks = (of: string): readonly string[] => affected("HTTPRoute", `${of}/web`, { ...stores, HTTPRoute });
  expect([looks("acme"), looks("uni"), looks("free"), looks("gone")]).toEqual([
    ["Environment/acme/production", "Environment/uni/production"],
    ["Environment/uni/production", "Environment/acme/production"],
    ["Environment/free/production"],
    ["Environment/gone/production"],
  ]);
});

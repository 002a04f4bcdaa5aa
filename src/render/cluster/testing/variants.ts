import { readFileSync } from "node:fs";
import { checkSite } from "../../../site/check-site.ts";
import { parseSite } from "../../../site/parse-site.ts";
import type { Site } from "../../../site/site.ts";
import { renderDatabaseAccess } from "../../database/render-database-access.ts";
import { type DatabaseServer, renderDatabaseServer } from "../../database/render-database-server.ts";
import { wantsSessionServer } from "../../php/sessions.ts";
import { rendered } from "../../rendered.ts";
import type { RenderInput } from "../../site/render-input.ts";
import { renderSite } from "../../site/render-site.ts";
import type { ClusterObject } from "../cluster-object.ts";
import { type ClusterSettings, defaultClusterSettings } from "../cluster-settings.ts";
import { completeForCluster } from "../complete-for-cluster.ts";
import { renderCronJobs } from "../cron-jobs.ts";
import { renderNamespace } from "../namespace.ts";
import { namespacePolicies } from "../network-policies.ts";

/** A kind of site with the kind of cluster that it is rendered for: together they have every object and field that rendering can make. */
export interface Variant {
  readonly name: string;
  readonly site: Site;
  readonly settings: ClusterSettings;
  /** The namespace holds its database server too. */
  readonly database?: DatabaseServer;
}

function siteOf(text: string): Site {
  const { site, diagnostics } = checkSite(parseSite(text), { environment: "production" });
  if (site === undefined) throw new Error(JSON.stringify(diagnostics));
  return site;
}

const example = (name: string): Site => siteOf(readFileSync(`examples/${name}.yaml`, "utf8"));
const spec = (name: string, fields: object): Site =>
  siteOf(JSON.stringify({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name }, spec: fields }));

const base: ClusterSettings = { ...defaultClusterSettings, namespace: "blog" };
const gateway: ClusterSettings["wayIn"] = { kind: "gateway", namespace: "gateway", name: "public", http: "http", https: "https" };
const behindGateway: ClusterSettings = { ...base, wayIn: gateway, network: { ...base.network, from: ["gateway", "howdah-system"] } };

/** What the tests of clusters are about: small enough to read, and complete. */
export const variants: readonly Variant[] = [
  { name: "static", site: example("static"), settings: base },
  {
    name: "together",
    site: example("wordpress"),
    settings: behindGateway,
    database: { version: "11.8", image: `registry.example.org/mariadb@sha256:${"3".repeat(64)}`, memoryBytes: 512 * 1024 ** 2 },
  },
  {
    name: "apart",
    site: {
      ...example("wordpress"),
      topology: "apart",
      scale: { ...example("wordpress").scale, replicas: 3 },
      relationships: [
        { name: "directory", host: "ldap.example.org", port: 389 },
        { name: "mail", host: "192.0.2.25", port: 25 },
      ],
    },
    settings: {
      ...behindGateway,
      priorityClass: "sites",
      network: { ...behindGateway.network, nameServers: ["10.88.0.53"], privateNetworks: ["10.20.0.0/16"] },
    },
  },
  {
    name: "workers",
    site: spec("jobs", { runtime: { php: "8.4" }, workers: { queue: { command: "php worker.php", replicas: 2 } }, scale: { cpu: "500m" } }),
    settings: { ...base, requests: { cpu: "1", memoryPercent: 50 } },
  },
  {
    name: "writable",
    site: spec("old", { runtime: { php: "8.2" }, code: "writable", mounts: { cache: { storage: "local", size: "2Gi" } } }),
    settings: {
      ...base,
      storage: { shared: "cephfs", sharedAccess: "ReadWriteMany", single: "fast", local: "node-disk", sessions: "volume" },
    },
  },
  {
    name: "one-node",
    site: spec("small", { runtime: { php: "8.4" }, mounts: { files: {} } }),
    settings: { ...base, wayIn: { kind: "service", type: "NodePort" }, storage: { ...base.storage, sharedAccess: "ReadWriteOnce" } },
  },
  {
    name: "tls",
    site: spec("shop", {
      runtime: { php: "8.4" },
      // More than one HTTPRoute takes, words that a kubelet would expand, and a name that is no label.
      hostnames: ["shop.example.org", ...Array.from({ length: 19 }, (_, index) => `shop-${index}.example.org`)],
      variables: { PRICE: "5$$ or $(HOME)" },
      crons: { tidy: { schedule: "@daily", command: ["php", "tidy.php", "$(HOME)"] } },
      recipe: "Our shop (new)!",
      tls: { mode: "secret", secret: "shop-tls" },
      scale: { replicas: 2 },
    }),
    settings: behindGateway,
  },
  {
    name: "ingress",
    site: spec("shop", { runtime: { php: "8.4" }, hostnames: ["shop.example.org"], tls: { mode: "local" } }),
    settings: { ...base, wayIn: { kind: "ingress", class: "traefik", annotations: { "cert-manager.io/cluster-issuer": "letsencrypt" } } },
  },
  {
    name: "growing",
    site: spec("busy", { runtime: { php: "8.4" }, scale: { replicas: 2, max: 10 } }),
    settings: { ...behindGateway, network: { ...behindGateway.network, monitoring: ["monitoring"] } },
  },
  {
    name: "growing-apart",
    site: spec("busy", { runtime: { php: "8.4" }, topology: "apart", scale: { replicas: 2, max: 10, web: { replicas: 1 } } }),
    settings: {
      ...behindGateway,
      storage: { ...behindGateway.storage, sessions: "memory" },
      network: { ...behindGateway.network, monitoring: ["monitoring"] },
    },
  },
  { name: "growing-static", site: spec("files", { scale: { max: 4 } }), settings: base },
  { name: "kubernetes-1.29", site: spec("blog", { runtime: { php: "8.4" } }), settings: { ...base, version: "v1.29.15" } },
];

/** Facts as a cluster's engine answers them. */
export function clusterInput(site: Site): RenderInput {
  return {
    images: {
      web: `registry.example.org/site/web@sha256:${"1".repeat(64)}`,
      php: site.runtime === null ? null : `registry.example.org/site/php@sha256:${"2".repeat(64)}`,
    },
    url: `https://${site.hostnames[0] ?? ""}`,
    resolver: "10.96.0.10",
    serviceDomain: "blog.svc.cluster.local",
    trustedProxies: ["10.244.0.0/16"],
    database:
      site.database === null
        ? null
        : { host: "mariadb-11-8.howdah-system.svc.cluster.local", port: 3306, name: "blog", user: "blog", secretName: "database" },
    sessions: wantsSessionServer(site)
      ? { image: `registry.example.org/site/sessions@sha256:${"4".repeat(64)}`, secretName: "sessions", secretDigest: "s2" }
      : null,
    generatedSecret: "generated",
    secretsDigest: "s1",
    releaseId: "r1",
    migration: "m1",
  };
}

/** Everything of a variant that goes to the API server, crons as plain manifests have them. */
export function objectsOf({ site, settings, database }: Variant): readonly ClusterObject[] {
  const own = renderSite(site, { ...clusterInput(site), sessionsInMemory: settings.storage.sessions === "memory" });
  const server = database === undefined ? [] : [...renderDatabaseServer(database), renderDatabaseAccess(database.version, "blog")];
  const crons = site.crons.map((cron) => ({ ...cron, fields: "7 4 * * *" }));
  return [
    ...renderNamespace(settings.namespace, { pullSecret: "registry", withNamespace: true }),
    ...namespacePolicies(settings),
    ...[...own, ...server.map((object) => rendered(object))].flatMap((object) => completeForCluster(object, settings)),
    ...renderCronJobs(site, crons, own, settings),
  ];
}

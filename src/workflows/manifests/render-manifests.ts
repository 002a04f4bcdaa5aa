import { HowdahError } from "../../kernel/howdah-error.ts";
import { DATABASE_SECRET, GENERATED_SECRET, SESSIONS_SECRET } from "../../kernel/own-names.ts";
import type { ClusterObject } from "../../render/cluster/cluster-object.ts";
import type { ClusterSettings } from "../../render/cluster/cluster-settings.ts";
import { completeForCluster } from "../../render/cluster/complete-for-cluster.ts";
import { renderCronJobs } from "../../render/cluster/cron-jobs.ts";
import { renderNamespace } from "../../render/cluster/namespace.ts";
import { namespacePolicies } from "../../render/cluster/network-policies.ts";
import { digestOf } from "../../render/rendered.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import { renderSite } from "../../render/site/render-site.ts";
import { spreadHash } from "../../schedule/spread-hash.ts";
import type { Site } from "../../site/site.ts";
import type { PinnedImages } from "./pin-images.ts";

/** Where a database is that Howdah does not run. Its password is in a Secret. */
export interface OutsideDatabase {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
}

/** Everything that plain manifests of a site are made from. */
export interface ManifestsInput {
  readonly site: Site;
  readonly images: PinnedImages;
  readonly settings: ClusterSettings;
  readonly database: OutsideDatabase | null;
  /** As people type it; null: from the first hostname. */
  readonly url: string | null;
  /** Networks that the way in connects from; its X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[];
  /** Address of the cluster's name server; null: not said. nginx needs it when PHP is scaled apart. */
  readonly nameServer: string | null;
  /** `cluster.local`. */
  readonly clusterDomain: string;
  /** Name of the Secret for the registry; null: images are public, or the nodes know. */
  readonly pullSecret: string | null;
  /** Whether the Namespace is printed too. */
  readonly withNamespace: boolean;
}

/**
 * A site as plain objects for `kubectl apply`, in an order that can be applied at once: no operator has to follow. What an operator would do
 * otherwise is done in another way (migrations by the first pod that starts, crons by CronJobs) or not at all (sleep, a look at a real page
 * before a release is switched to). Errors: `usage/invalid` for what must be said of the cluster and isn't.
 */
export function renderManifests(input: ManifestsInput): readonly ClusterObject[] {
  const { site, settings } = input;
  const objects = renderSite(site, renderInput(input));
  const crons = site.crons.map((cron) => ({ ...cron, fields: spreadHash(cron.schedule, `${settings.namespace}/${cron.name}`) }));
  return [
    ...renderNamespace(settings.namespace, { pullSecret: input.pullSecret, withNamespace: input.withNamespace }),
    ...namespacePolicies(settings),
    ...objects.flatMap((object) => completeForCluster(object, settings)),
    ...renderCronJobs(site, crons, objects, settings),
  ];
}

function renderInput(input: ManifestsInput): RenderInput {
  const { site, settings } = input;
  const { sessions, ...images } = input.images;
  const code = digestOf([images.web, images.php]).slice(0, 12);
  return {
    images,
    url: input.url ?? urlOf(site),
    resolver: resolverFor(input),
    serviceDomain: `${settings.namespace}.svc.${input.clusterDomain}`,
    trustedProxies: input.trustedProxies,
    database: databaseOf(input),
    sessions: sessions === null ? null : { image: sessions, secretName: SESSIONS_SECRET, secretDigest: "manifests" },
    sessionsInMemory: settings.storage.sessions === "memory",
    generatedSecret: GENERATED_SECRET,
    secretsDigest: "manifests", // nobody here knows the values: `kubectl rollout restart` after a change
    releaseId: code,
    migration: digestOf([site.hooks.migrate, code]).slice(0, 12),
    migratesAtStart: true,
  };
}

function urlOf(site: Site): string {
  return `${site.tls.mode === "off" ? "http" : "https"}://${(site.hostnames[0] ?? `${site.name}.localhost`).replace("*", "www")}`;
}

function resolverFor({ site, nameServer }: ManifestsInput): string {
  if (nameServer !== null) return nameServer;
  if (site.runtime === null || site.topology === "together") return "127.0.0.1"; // asked by nobody
  throw new HowdahError(
    "usage/invalid",
    "With `topology: apart` nginx asks the cluster's name server for PHP: --name-server says where it is",
    {
      hint: "`kubectl --namespace kube-system get service kube-dns` shows its address.",
    },
  );
}

function databaseOf({ site, database }: ManifestsInput): RenderInput["database"] {
  if (site.database === null) return null;
  if (database !== null) return { ...database, secretName: DATABASE_SECRET };
  throw new HowdahError("usage/invalid", `${site.name} has a database: --database says where it is`, {
    hint: "Without the operator a database is yours to run: `--database mysql://USER@HOST:PORT/NAME`; the password goes into a Secret.",
  });
}

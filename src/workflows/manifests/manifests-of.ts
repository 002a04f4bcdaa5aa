import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ClusterObject } from "../../render/cluster/cluster-object.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { type ClusterFlags, clusterSettingsFrom, nameServerFrom, networkFrom } from "./cluster-settings-from.ts";
import { databaseFrom } from "./database-from.ts";
import { notInManifests } from "./not-in-manifests.ts";
import { type ImageFlags, pinImages } from "./pin-images.ts";
import { renderManifests } from "./render-manifests.ts";
import { type WantedSecret, wantedSecrets } from "./wanted-secrets.ts";

/** `howdah manifests` as typed. */
export interface ManifestsFlags extends ImageFlags, ClusterFlags {
  readonly database?: string;
  readonly url?: string;
  readonly trust: readonly string[];
  readonly withNamespace: boolean;
}

/** A site's objects, what must exist beside them, and what a reader should know. */
export interface Manifests {
  readonly objects: readonly ClusterObject[];
  readonly secrets: readonly WantedSecret[];
  readonly notices: readonly string[];
}

/** Where Gateways and Ingress controllers are, when nobody says it: policies let only the way in connect, so nobody else is believed. */
const PRIVATE = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/** A site as plain objects, from what a command line says of its cluster. Errors: `usage/invalid`, `registry/*`. */
export async function manifestsOf(
  site: Site,
  flags: ManifestsFlags,
  ports: () => Promise<Pick<Ports, "registry" | "secrets">>,
  context: EngineContext,
): Promise<Manifests> {
  const settings = clusterSettingsFrom(flags, site.name);
  const database = flags.database === undefined ? null : databaseFrom(flags.database);
  const pullSecret = flags.pullSecret ?? null;
  const rest = {
    site,
    settings,
    database,
    pullSecret,
    url: flags.url === undefined ? null : urlFrom(flags.url),
    trustedProxies: flags.trust.length === 0 ? PRIVATE : flags.trust.map((one) => networkFrom("--trust", one)),
    nameServer: flags.nameServer === undefined ? null : nameServerFrom(flags.nameServer),
    clusterDomain: flags.clusterDomain,
    withNamespace: flags.withNamespace,
  };
  renderManifests({ ...rest, images: { web: "web", php: "php", sessions: null } }); // what is missing is said before a registry is asked
  const images = await pinImages(site, flags, ports, context);
  return {
    objects: renderManifests({ ...rest, images }),
    secrets: wantedSecrets(site, pullSecret, images.sessions !== null),
    notices: notInManifests(site, settings, images),
  };
}

/** Scheme, host and port: paths are the site's. */
function urlFrom(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.pathname === "/" && url.search === "")
    return url.origin;
  throw new HowdahError("usage/invalid", `--url is ${JSON.stringify(text)}: it takes an address such as https://www.example.org`);
}

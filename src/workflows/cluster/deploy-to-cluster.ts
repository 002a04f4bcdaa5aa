import { HowdahError } from "../../kernel/howdah-error.ts";
import { GENERATED_SECRET } from "../../kernel/own-names.ts";
import type { SigningKey } from "../../providers/attestation/signing-key.ts";
import type { ReleaseSpec } from "../../resources/schema/release.ts";
import { apiVersionOf, resources } from "../../kubernetes/resources.ts";
import { type LoadedSite, loadFindings, loadSite } from "../load-site/load-site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import type { Site } from "../../site/site.ts";
import { requireRoot } from "../up/check-machine.ts";
import { CLI_MANAGER, type ClusterPlace, ensureNamespace, requireInstalled } from "./cluster-place.ts";
import { followRollout } from "./follow-rollout.ts";
import { pushRelease } from "./push-release.ts";
import { releaseSpecOf } from "./release-resource.ts";
import { offerServer } from "./server-image.ts";
import { clusterReleases, createRelease, isSameRelease, productionOf, wantRelease } from "./write-release.ts";

/** `howdah deploy --context` as typed. */
export interface ClusterDeploy {
  readonly given: string;
  readonly directory: string;
  /** Undefined: the current context. */
  readonly context: string | undefined;
  /** Undefined: the site's name. */
  readonly namespace: string | undefined;
  /** Repository; undefined: the site file's. */
  readonly to: string | undefined;
  readonly why: string | null;
  readonly key: SigningKey | null;
  readonly version: string;
}

/** What came of it. */
export interface DeployedToCluster {
  readonly site: string;
  readonly context: string;
  readonly namespace: string;
  readonly release: string;
  /** False when nothing had changed. */
  readonly released: boolean;
  readonly url: string | null;
  readonly images: ReleaseSpec["images"];
  /** The user and password that the install hook made, after the first release; null when there are none, or they may not be read. */
  readonly credentials: { readonly user: string; readonly password: string } | null;
  /** Milliseconds from the command until the operator said that the release serves. */
  readonly answeringMs: number;
}

/** Half a minute: an operator that starts anew has long elected a leader by then. */
const NAMESPACE_ATTEMPTS = 120;

/**
 * A new release of a site in a cluster: built and pushed here, taken into service there by the operator. Every step may be repeated; whoever is
 * cut off has written nothing, or a Release that is wanted, and the operator goes on with that.
 * Errors: those of building and pushing, `cluster/*`, and what made the release fail.
 */
export async function deployToCluster(command: ClusterDeploy, ports: Ports, context: EngineContext): Promise<DeployedToCluster> {
  const asked = ports.clock.now();
  const { emit, signal } = context;
  const loaded = await loadSite(command.given, command.directory, ports.files);
  for (const { severity, message } of loaded.warnings) emit({ type: "notice", level: severity === "info" ? "info" : "warning", message });
  const { site } = loaded;
  if (site.scale.idle !== null)
    emit({ type: "notice", level: "info", message: "scale.idle is for one machine: on a cluster the site stays awake" });
  const cluster = await ports.clusters.connect(command.context);
  const place: ClusterPlace = { cluster, namespace: command.namespace ?? site.name };
  await requireInstalled(cluster, signal);
  await requireRoot(ports);
  const wait = { sleep: (milliseconds: number) => ports.clock.sleep(milliseconds, signal), attempts: NAMESPACE_ATTEMPTS };
  if (await ensureNamespace(place, site.name, wait, signal))
    emit({ type: "notice", level: "info", message: `made the tenant ${place.namespace} with a namespace of that name` });
  const { images, built } = await pushRelease(loaded, { to: command.to, key: command.key, version: command.version }, ports, context);
  const spec = releaseSpecOf({
    ...{ site, images, codeDigest: built.site.codeDigest, watched: built.site.watched, git: await ports.git(loaded.source) },
    ...{ who: ports.settings.who, when: new Date(asked).toISOString(), why: command.why, rollbackOf: null },
  });
  if (images.database !== undefined)
    await offerServer(site, images.database, await ports.clusters.ports(cluster, place.namespace), context);
  await applySite(command, loaded, place, ports, signal);
  const done = async (release: string, released: boolean, url: string | null): Promise<DeployedToCluster> => {
    const answeringMs = ports.clock.now() - asked;
    const credentials = released && known.length === 0 ? await credentialsOf(site, place, signal) : null;
    return {
      site: site.name,
      context: cluster.context,
      namespace: place.namespace,
      release,
      released,
      url,
      images,
      credentials,
      answeringMs,
    };
  };
  const known = await clusterReleases(place, signal);
  const serving = known.find(({ status }) => status.state === "serving");
  const wanted = await wantedNow(place, signal);
  if (serving !== undefined && isSameRelease(serving.spec, spec) && (wanted === undefined || wanted === serving.id)) {
    const { url } = await followRollout(place, serving.id, ports, context);
    return done(serving.id, false, url);
  }
  const release = await createRelease(place, spec, known, signal);
  await wantRelease(place, site.name, release, signal);
  const { url } = await followRollout(place, release, ports, context);
  return done(release, true, url);
}

async function credentialsOf(
  site: Site,
  { cluster: { api }, namespace }: ClusterPlace,
  signal: AbortSignal,
): Promise<DeployedToCluster["credentials"]> {
  const variable = site.variables.find(({ name }) => name === "HOWDAH_ADMIN_PASSWORD");
  if (variable?.from !== "generated") return null;
  const user = site.variables.find(({ name }) => name === "HOWDAH_ADMIN_USER");
  const name = { resource: resources.Secret, namespace, name: GENERATED_SECRET };
  const secret = await api.get(name, signal).catch((error: unknown) => {
    if (error instanceof HowdahError && error.code === "cluster/forbidden") return undefined; // who deploys need not read secrets
    throw error;
  });
  const encoded = (secret?.["data"] as Readonly<Record<string, string>> | undefined)?.["HOWDAH_ADMIN_PASSWORD"];
  if (encoded === undefined) return null;
  return { user: user?.from === "literal" ? user.value : "admin", password: Buffer.from(encoded, "base64").toString("utf8") };
}

async function wantedNow({ cluster: { api }, namespace }: ClusterPlace, signal: AbortSignal): Promise<string | undefined> {
  const environment = await productionOf(api, namespace, signal);
  return (environment?.["spec"] as { release?: string } | undefined)?.release;
}

/** The file itself is the resource: what it says, without the defaults. */
async function applySite(
  command: ClusterDeploy,
  { site }: LoadedSite,
  { cluster: { api }, namespace }: ClusterPlace,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const { parsed } = await loadFindings(command.given, command.directory, ports.files);
  const spec = parsed.document?.spec;
  const object = { apiVersion: apiVersionOf(resources.Site), kind: "Site", metadata: { name: site.name, namespace }, spec };
  await api.apply(resources.Site, object, { fieldManager: CLI_MANAGER }, signal);
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { apiVersionOf, resources } from "../../kubernetes/resources.ts";
import { canonicalJson } from "../../render/rendered.ts";
import type { EnvironmentSpec } from "../../resources/schema/environment.ts";
import type { ReleaseSpec, ReleaseStatus } from "../../resources/schema/release.ts";
import { releaseNumber } from "../release/release.ts";
import { CLI_MANAGER, type ClusterPlace, PRODUCTION } from "./cluster-place.ts";
import { releaseObject } from "./release-resource.ts";

/** A Release as it is in the cluster. */
export interface KnownClusterRelease {
  readonly id: string;
  readonly spec: ReleaseSpec;
  readonly status: ReleaseStatus;
}

/** The releases of a namespace, newest first. */
export async function clusterReleases(
  { cluster: { api }, namespace }: ClusterPlace,
  signal: AbortSignal,
): Promise<readonly KnownClusterRelease[]> {
  const { items } = await api.list(resources.Release, { namespace }, signal);
  return items.map(knownRelease).sort((a, b) => releaseNumber(b.id) - releaseNumber(a.id));
}

function knownRelease(object: KubeObject): KnownClusterRelease {
  return { id: object.metadata.name, spec: object["spec"] as ReleaseSpec, status: (object["status"] as ReleaseStatus | undefined) ?? {} };
}

/** Whether a release would be what another one is: the same site, the same code, the same images. */
export function isSameRelease(a: ReleaseSpec, b: ReleaseSpec): boolean {
  const what = ({ siteName, digest, codeDigest, images }: ReleaseSpec): string => canonicalJson({ siteName, digest, codeDigest, images });
  return what(a) === what(b);
}

/** Writes the next Release. Two who do so at once get two numbers. */
export async function createRelease(
  place: ClusterPlace,
  spec: ReleaseSpec,
  known: readonly KnownClusterRelease[],
  signal: AbortSignal,
): Promise<string> {
  const { api } = place.cluster;
  let next = 1 + Math.max(0, ...known.map(({ id }) => releaseNumber(id)));
  for (let attempt = 1; ; attempt++, next++) {
    const id = `r${String(next)}`;
    try {
      await api.create(resources.Release, releaseObject(place.namespace, id, spec), signal);
      return id;
    } catch (error) {
      const taken = error instanceof HowdahError && error.code === "cluster/conflict";
      if (!taken || attempt === ATTEMPTS) throw error;
    }
  }
}

const ATTEMPTS = 20;

/** Says which release is wanted. */
export async function wantRelease(
  { cluster: { api }, namespace }: ClusterPlace,
  site: string,
  release: string,
  signal: AbortSignal,
): Promise<void> {
  const spec: Pick<EnvironmentSpec, "site" | "release"> = { site, release };
  const metadata = { name: PRODUCTION, namespace };
  const environment = { apiVersion: apiVersionOf(resources.Environment), kind: "Environment", metadata, spec };
  await api.apply(resources.Environment, environment, { fieldManager: CLI_MANAGER }, signal);
}

/** The Environment of a namespace as it is; undefined when there is none. */
export function productionOf(api: KubernetesApi, namespace: string, signal: AbortSignal): Promise<KubeObject | undefined> {
  return api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal);
}

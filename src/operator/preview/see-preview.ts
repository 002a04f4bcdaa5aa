import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EnvironmentSpec, EnvironmentStatus } from "../../resources/schema/environment.ts";
import { type TenantSpec, tenantSpec } from "../../resources/schema/tenant.ts";
import { PRODUCTION } from "../../workflows/cluster/cluster-place.ts";
import { type BuiltRelease, builtRelease } from "../../workflows/cluster/release-resource.ts";
import { releaseNumber } from "../../workflows/release/release.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { statusOf } from "../status.ts";
import { TENANT_LABEL } from "../tenant/tenant-objects.ts";
import { isPreview, RELEASE_OF_ANNOTATION } from "./preview-place.ts";

/** What is seen of an environment for development or review, and around it. */
export interface SeenPreview {
  readonly object: KubeObject;
  readonly spec: EnvironmentSpec & { readonly data: NonNullable<EnvironmentSpec["data"]> };
  /** The namespace of its site. */
  readonly of: string;
  /** Its own, as it is; undefined: none is there. */
  readonly space: KubeObject | undefined;
  readonly namespace: string;
  /** Whose the site is. */
  readonly tenant: { readonly object: KubeObject; readonly spec: TenantSpec } | undefined;
  /** The release of the site whose images it has, or is to have; undefined: there is none. */
  readonly release: BuiltRelease | undefined;
  /** The Environment `production` in its namespace. */
  readonly inner: KubeObject | undefined;
  /** Releases there, newest first. */
  readonly releases: readonly KubeObject[];
  /** Those of the same site that were there before it. */
  readonly before: number;
  /** `production` of the site is there. */
  readonly hasSite: boolean;
}

/** Reads everything that a look is decided on. */
export async function seePreview(
  object: KubeObject,
  spec: SeenPreview["spec"],
  namespace: string,
  { api }: Pick<OperatorPorts, "api">,
  signal: AbortSignal,
): Promise<SeenPreview> {
  const of = object.metadata.namespace ?? "";
  const ofCluster = (name: string) => api.get({ resource: resources.Namespace, namespace: undefined, name }, signal);
  const inner = { resource: resources.Environment, namespace, name: PRODUCTION };
  const [site, space, innerObject, { items: releases }, { items: siteReleases }, { items: environments }] = await Promise.all([
    ofCluster(of),
    ofCluster(namespace),
    api.get(inner, signal),
    api.list(resources.Release, { namespace }, signal),
    api.list(resources.Release, { namespace: of }, signal),
    api.list(resources.Environment, { namespace: of }, signal),
  ]);
  const newestFirst = releases.toSorted((a, b) => releaseNumber(b.metadata.name) - releaseNumber(a.metadata.name));
  const production = environments.find(({ metadata }) => metadata.name === PRODUCTION);
  return {
    ...{ object, spec, of, space, namespace, inner: innerObject, releases: newestFirst },
    tenant: await tenantOf(site, api, signal),
    release: releaseOf(spec, newestFirst[0], siteReleases, production),
    before: environments.filter((one) => isPreview(one) && isBefore(one, object)).length,
    hasSite: production !== undefined && production.metadata.deletionTimestamp === undefined,
  };
}

async function tenantOf(site: KubeObject | undefined, api: OperatorPorts["api"], signal: AbortSignal): Promise<SeenPreview["tenant"]> {
  const name = site?.metadata.labels?.[TENANT_LABEL];
  const object = name === undefined ? undefined : await api.get({ resource: resources.Tenant, namespace: undefined, name }, signal);
  const read = object === undefined ? undefined : tenantSpec.safeParse(object["spec"] ?? {});
  return object === undefined || read?.success !== true ? undefined : { object, spec: read.data };
}

/** The one that is named; else the one that it has had, which stays whatever the site gets; else what serves. */
function releaseOf(
  { release: named }: EnvironmentSpec,
  newest: KubeObject | undefined,
  releases: readonly KubeObject[],
  production: KubeObject | undefined,
): BuiltRelease | undefined {
  const find = (name: string | undefined): KubeObject | undefined => releases.find(({ metadata }) => metadata.name === name);
  if (named !== undefined) return readable(find(named));
  const serving = production === undefined ? undefined : statusOf<EnvironmentStatus>(production).release;
  return readable(find(newest?.metadata.annotations?.[RELEASE_OF_ANNOTATION]) ?? find(serving));
}

function readable(release: KubeObject | undefined): BuiltRelease | undefined {
  try {
    return release === undefined ? undefined : builtRelease(release);
  } catch {
    return undefined;
  }
}

function isBefore({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean {
  const key = ({ creationTimestamp = "", name }: KubeObject["metadata"]): string => `${creationTimestamp} ${name}`;
  return a.deletionTimestamp === undefined && a.uid !== b.uid && key(a) < key(b);
}

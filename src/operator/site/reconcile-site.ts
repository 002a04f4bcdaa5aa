import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { SiteResourceStatus } from "../../resources/schema/site-status.ts";
import { CLI_MANAGER, PRODUCTION } from "../../workflows/cluster/cluster-place.ts";
import { releaseObject } from "../../workflows/cluster/release-resource.ts";
import type { OperatorPorts, Reconcile } from "../operator-ports.ts";
import { conditionsOf, statusOf, writeStatus } from "../status.ts";
import { decideSite, OWN_API_VERSION, type SiteDecision } from "./decide-site.ts";

/** Gives each Site its environment, turns a changed Site into a release, and says in its status what people ask for. */
export function reconcileSite(ports: OperatorPorts): Reconcile {
  const { api, clock } = ports;
  return async ({ namespace = "", name }, signal) => {
    const site = await api.get({ resource: resources.Site, namespace, name }, signal);
    if (site === undefined || site.metadata.deletionTimestamp !== undefined) return {};
    const space = await api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
    if (space?.metadata.deletionTimestamp !== undefined) return {};
    const [{ items: sites }, { items: releases }, environment] = await Promise.all([
      api.list(resources.Site, { namespace }, signal),
      api.list(resources.Release, { namespace }, signal),
      api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal),
    ]);
    const now = new Date(clock.now()).toISOString();
    const decision = decideSite({ site, sites, releases, environment }, now);
    if (decision.environment) await ensureEnvironment(site, environment, ports, signal);
    if (decision.release !== null) await makeRelease(site, decision.release, ports, signal);
    const generation = site.metadata.generation ?? 1;
    const conditions = conditionsOf(decision.verdicts, statusOf<SiteResourceStatus>(site).conditions, { generation, now });
    const { url, serving: release } = decision;
    await writeStatus(api, resources.Site, site, { observedGeneration: generation, conditions, url, release });
    return {};
  };
}

/** The environment goes with its Site; its data does not. */
async function ensureEnvironment(
  site: KubeObject,
  environment: KubeObject | undefined,
  { api }: OperatorPorts,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace = "", uid = "" } = site.metadata;
  const owned = environment?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
  const spec = environment?.["spec"] as { readonly site?: string } | undefined;
  if (environment?.metadata.deletionTimestamp !== undefined || (owned && spec?.site === name)) return;
  const owner = { apiVersion: OWN_API_VERSION, kind: "Site", name, uid, controller: true };
  const metadata = { name: PRODUCTION, namespace, ownerReferences: [owner] };
  await api.apply(resources.Environment, { apiVersion: OWN_API_VERSION, kind: "Environment", metadata, spec: { site: name } }, {}, signal);
}

async function makeRelease(
  site: KubeObject,
  { id, spec, pin }: NonNullable<SiteDecision["release"]>,
  { api, log, tell }: OperatorPorts,
  signal: AbortSignal,
): Promise<void> {
  const { namespace = "" } = site.metadata;
  await api.create(resources.Release, releaseObject(namespace, id, spec), signal);
  log("info", "release made", { namespace, release: id, why: spec.why });
  await tell(site, { type: "Normal", reason: "ReleaseMade", message: `${id}: ${spec.why ?? ""}` });
  if (!pin) return;
  const metadata = { name: PRODUCTION, namespace };
  const environment = { apiVersion: OWN_API_VERSION, kind: "Environment", metadata, spec: { site: spec.siteName, release: id } };
  await api.apply(resources.Environment, environment, { fieldManager: CLI_MANAGER }, signal);
}

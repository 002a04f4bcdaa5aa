import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { defaultClusterSettings } from "../../render/cluster/cluster-settings.ts";
import { namespacePolicies } from "../../render/cluster/network-policies.ts";
import type { SiteDocument } from "../../site/schema/site-document.ts";
import { type ClusterRig, clusterRig } from "../../workflows/cluster/testing/cluster-rig.ts";
import { reconcileEnvironment } from "../environment/reconcile-environment.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";
import { reconcileSite } from "../site/reconcile-site.ts";
import { reconcileTenant } from "../tenant/reconcile-tenant.ts";

/** The controllers on a cluster in memory, looked at by hand. */
export interface OperatorRig extends ClusterRig {
  readonly operator: OperatorPorts;
  readonly events: string[];
  applySite(spec?: SiteDocument["spec"], name?: string): Promise<void>;
  /** Looks at everything of the namespace `acme` until nothing is written any more. */
  settle(): Promise<void>;
  tenant(name: string): Promise<Outcome>;
  object(kind: keyof typeof resources, name: string, namespace?: string): Promise<KubeObject | undefined>;
  /** `Ready=True AllComponentsServing`, by type. */
  conditions(kind: "Site" | "Environment" | "Tenant" | "DatabaseServer", name: string): Promise<readonly string[]>;
}

const never = new AbortController().signal;

/** Makes it. */
export function operatorRig(...parts: Parameters<typeof clusterRig>): OperatorRig {
  const rig = clusterRig(...parts);
  const { api, ports } = rig;
  const events: string[] = [];
  const operator: OperatorPorts = {
    api,
    clock: ports.clock,
    log: () => undefined,
    ownNamespace: "howdah-system",
    clusterDomain: "cluster.local",
    backupImage: async () => "registry.test/howdah@sha256:0",
    nameServers: [],
    copiesClass: null,
    addressesOf: async () => [],
    waitsUnwatched: () => undefined,
    fence: (namespace) => namespacePolicies({ ...defaultClusterSettings, namespace }),
    portsFor: () => ports,
    lookPortsFor: () => ports,
    whyNoWrites: async () => undefined,
    observeKnown: (namespace) => rig.engine.observe(namespace),
    tell: async (_object, { type, reason }) => void events.push(`${type} ${reason}`),
  };
  const object: OperatorRig["object"] = (kind, name, namespace) => {
    const resource = resources[kind];
    return api.get({ resource, namespace: resource.namespaced ? (namespace ?? "acme") : undefined, name });
  };
  const look = async (): Promise<void> => {
    for (const { metadata } of api.all("Site")) await reconcileSite(operator)({ namespace: "acme", name: metadata.name }, never);
    for (const { metadata } of api.all("Environment"))
      await reconcileEnvironment(operator)({ namespace: "acme", name: metadata.name }, never);
  };
  return {
    ...rig,
    ...{ operator, events, object },
    applySite: async (spec = {}, name = "blog") => {
      const metadata = { name, namespace: "acme" };
      await api.apply(resources.Site, { apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata, spec }, { fieldManager: "kubectl" });
    },
    settle: async () => {
      for (let round = 0; round < 20; round += 1) {
        const before = api.writes.length;
        await look();
        if (api.writes.length === before) return;
      }
      throw new Error("it does not come to rest");
    },
    tenant: (name) => reconcileTenant(operator)({ namespace: undefined, name }, never),
    conditions: async (kind, name) => {
      const { status } = (await object(kind, name)) as { status?: { conditions?: { type: string; status: string; reason: string }[] } };
      return (status?.conditions ?? []).map((one) => `${one.type}=${one.status} ${one.reason}`);
    },
  };
}

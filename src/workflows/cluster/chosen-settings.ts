import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseJson } from "../../kernel/parse-json.ts";
import type { WayIn } from "../../render/cluster/cluster-settings.ts";
import { type ClusterFlags, clusterSettingsFrom, networkFrom } from "../manifests/cluster-settings-from.ts";

/** What describes a cluster on the command line of `install` and `upgrade`. */
export interface InstallSettingsFlags extends Omit<ClusterFlags, "clusterDomain"> {
  readonly clusterDomain?: string;
  /** Networks (CIDR) that the way in connects from. */
  readonly trust: readonly string[];
}

/** The ConfigMap's `settings`, as far as this version knows them. What is left out has its default when the operator reads it. */
interface StoredSettings {
  readonly wayIn?: WayIn;
  readonly storage?: Readonly<Record<string, unknown>>;
  readonly priorityClass?: string | null;
  readonly requests?: Readonly<Record<string, unknown>>;
  readonly network?: Readonly<Record<string, unknown>> & { readonly from?: readonly string[] };
  readonly trustedProxies?: readonly string[];
  readonly clusterDomain?: string;
}

/**
 * What is chosen for a cluster from now on, as JSON: what was chosen before (`stored`, the same JSON; undefined at the first time), with what flags
 * choose in its place. A flag replaces what it names and nothing else. Errors: `usage/invalid`; `machine/state-unreadable` when `stored` is no JSON.
 */
export function chosenSettings(stored: string | undefined, flags: InstallSettingsFlags): string {
  const before = parseJson(stored ?? "{}") as StoredSettings | undefined;
  if (before === undefined)
    throw new HowdahError("machine/state-unreadable", "The cluster's settings (ConfigMap howdah-system/howdah-settings) are no JSON", {
      hint: "Take them away, and say every flag anew: kubectl -n howdah-system delete configmap howdah-settings",
    });
  const chooses = [flags.gateway, flags.ingressClass, flags.service].some((flag) => flag !== undefined);
  const whole = { ...(chooses ? {} : formerWayIn(before.wayIn, flags)), clusterDomain: flags.clusterDomain ?? "cluster.local" };
  const said = clusterSettingsFrom({ ...flags, ...whole }, "howdah-system");
  const given = <T>(flag: unknown, value: T): T | undefined => (flag === undefined || isEmpty(flag) ? undefined : value);
  return JSON.stringify({
    ...before,
    ...present({
      wayIn: said.wayIn.kind === "none" ? undefined : said.wayIn,
      storage: over(before.storage, {
        shared: given(flags.storageClass, said.storage.shared),
        sharedAccess: flags.readWriteOnce ? said.storage.sharedAccess : given(flags.storageClass, said.storage.sharedAccess),
        local: given(flags.localStorageClass, said.storage.local),
        sessions: given(flags.sessions, said.storage.sessions),
      }),
      priorityClass: given(flags.priorityClass, said.priorityClass),
      requests: over(before.requests, { memoryPercent: given(flags.memoryRequest, said.requests.memoryPercent) }),
      network: over(before.network, {
        // The Gateway's own namespace is always among those whose pods reach web servers: without it nobody would.
        from: chooses || flags.from.length > 0 ? said.network.from : undefined,
        monitoring: given(flags.monitoring, said.network.monitoring),
        privateNetworks: given(flags.privateNetwork, said.network.privateNetworks),
        nameServers: given(flags.nameServer, said.network.nameServers),
      }),
      trustedProxies: given(
        flags.trust,
        flags.trust.map((network) => networkFrom("--trust", network)),
      ),
      clusterDomain: flags.clusterDomain,
    }),
  });
}

/** The way in that was chosen before, as flags: `--http-listener` or an annotation alone is about that one. */
function formerWayIn(before: WayIn | undefined, flags: InstallSettingsFlags): Partial<ClusterFlags> {
  switch (before?.kind) {
    case "gateway": {
      const [http, https] = [flags.httpListener ?? before.http, flags.httpsListener ?? before.https];
      const listeners = { ...(http === null ? {} : { httpListener: http }), ...(https === null ? {} : { httpsListener: https }) };
      return { gateway: `${before.namespace}/${before.name}`, ...listeners };
    }
    case "ingress": {
      const annotations = Object.entries(before.annotations).map(([name, value]) => `${name}=${value}`);
      return { ingressClass: before.class ?? "", ingressAnnotation: [...annotations, ...flags.ingressAnnotation] };
    }
    case "service":
      return { service: before.type };
    default:
      return {};
  }
}

function isEmpty(flag: unknown): boolean {
  return Array.isArray(flag) && flag.length === 0;
}

function over(before: Readonly<Record<string, unknown>> | undefined, chosen: Readonly<Record<string, unknown>>): object | undefined {
  const merged = { ...before, ...present(chosen) };
  return Object.keys(merged).length === 0 ? undefined : merged;
}

function present(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

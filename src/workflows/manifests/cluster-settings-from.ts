import { HowdahError } from "../../kernel/howdah-error.ts";
import { type ClusterSettings, defaultClusterSettings, type WayIn } from "../../render/cluster/cluster-settings.ts";

/** A cluster as it is described on a command line. Left out: Kubernetes' own default, or what `defaultClusterSettings` says. */
export interface ClusterFlags {
  readonly namespace?: string;
  /** `1.34`. */
  readonly kubernetes?: string;
  /** `NAMESPACE/NAME`. */
  readonly gateway?: string;
  readonly httpListener?: string;
  readonly httpsListener?: string;
  /** An IngressClass; empty: the cluster's default. */
  readonly ingressClass?: string;
  /** `NAME=VALUE`. */
  readonly ingressAnnotation: readonly string[];
  readonly service?: string;
  readonly storageClass?: string;
  readonly readWriteOnce: boolean;
  readonly localStorageClass?: string;
  /** `volume` or `memory`. */
  readonly sessions?: string;
  readonly priorityClass?: string;
  readonly memoryRequest?: string;
  readonly from: readonly string[];
  readonly monitoring: readonly string[];
  readonly privateNetwork: readonly string[];
  readonly nameServer?: string;
  readonly pullSecret?: string;
  readonly clusterDomain: string;
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const ADDRESS = /^(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f:]*:[0-9a-f:.]*)$/i;
const NETWORK = /^(?:(?:\d{1,3}\.){3}\d{1,3}\/\d{1,2}|[0-9a-f:]*:[0-9a-f:.]*\/\d{1,3})$/i;
const ANNOTATION = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
/** The oldest that Howdah is tried against, and the newest whose schemas its objects are checked by. */
const VERSIONS = [29, 36] as const;

function sessionsFrom(flag: string | undefined): ClusterSettings["storage"]["sessions"] | undefined {
  if (flag === undefined || flag === "volume" || flag === "memory") return flag;
  throw new HowdahError("usage/invalid", `--sessions is volume or memory, not ${JSON.stringify(flag)}`);
}

/**
 * What a command line says of a cluster, judged before anything is rendered from it.
 * Error: `usage/invalid`, naming the flag and what it takes.
 */
export function clusterSettingsFrom(flags: ClusterFlags, namespace: string): ClusterSettings {
  named("--pull-secret", flags.pullSecret);
  named("--cluster-domain", flags.clusterDomain);
  const { storage, requests, network } = defaultClusterSettings;
  const wayIn = wayInFrom(flags);
  const gatewayNamespace = wayIn.kind === "gateway" ? [wayIn.namespace] : [];
  return {
    namespace: matching("--namespace", flags.namespace ?? namespace, LABEL, "a namespace: lower-case letters, digits and hyphens"),
    version: versionFrom(flags.kubernetes),
    wayIn,
    storage: {
      ...storage,
      shared: named("--storage-class", flags.storageClass),
      sharedAccess: flags.readWriteOnce ? "ReadWriteOnce" : "ReadWriteMany",
      local: named("--local-storage-class", flags.localStorageClass),
      sessions: sessionsFrom(flags.sessions) ?? storage.sessions,
    },
    priorityClass: named("--priority-class", flags.priorityClass),
    requests: { ...requests, memoryPercent: percentFrom(flags.memoryRequest) },
    network: {
      ...network,
      from: [...new Set([...gatewayNamespace, ...flags.from.map((one) => matching("--from", one, LABEL, "a namespace"))])].sort(),
      monitoring: flags.monitoring.map((one) => matching("--monitoring", one, LABEL, "a namespace")),
      privateNetworks: flags.privateNetwork.map((one) => networkFrom("--private-network", one)),
      nameServers: flags.nameServer === undefined ? [] : [nameServerFrom(flags.nameServer)],
    },
  };
}

/** The address of the cluster's name server. Error: `usage/invalid`. */
export function nameServerFrom(text: string): string {
  return matching("--name-server", text, ADDRESS, "an address such as 10.96.0.10");
}

/** A network in CIDR. Error: `usage/invalid`. */
export function networkFrom(flag: string, text: string): string {
  return matching(flag, text, NETWORK, "a network such as 10.20.0.0/16");
}

function wayInFrom(flags: ClusterFlags): WayIn {
  const { gateway, ingressClass, service } = flags;
  const chosen = [gateway, ingressClass, service].filter((flag) => flag !== undefined);
  if (chosen.length > 1)
    throw new HowdahError("usage/invalid", "One of --gateway, --ingress-class and --service says how visitors come in");
  if (gateway !== undefined) {
    const [namespace = "", name = "", ...more] = gateway.split("/");
    if (!LABEL.test(namespace) || !SUBDOMAIN.test(name) || more.length > 0) {
      throw new HowdahError("usage/invalid", `--gateway is ${JSON.stringify(gateway)}: it takes NAMESPACE/NAME of a Gateway`, {
        hint: "`kubectl get gateways --all-namespaces` lists them.",
      });
    }
    return {
      kind: "gateway",
      namespace,
      name,
      http: named("--http-listener", flags.httpListener),
      https: named("--https-listener", flags.httpsListener),
    };
  }
  if (ingressClass !== undefined) {
    return {
      kind: "ingress",
      class: ingressClass === "" ? null : named("--ingress-class", ingressClass),
      annotations: Object.fromEntries(flags.ingressAnnotation.map(annotationFrom)),
    };
  }
  if (service === undefined) return { kind: "none" };
  if (service === "NodePort" || service === "LoadBalancer") return { kind: "service", type: service };
  throw new HowdahError("usage/invalid", `--service is ${JSON.stringify(service)}: it takes NodePort or LoadBalancer`);
}

function annotationFrom(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && ANNOTATION.test(name)) return [name, value];
  throw new HowdahError("usage/invalid", `--ingress-annotation is ${JSON.stringify(text)}: it takes NAME=VALUE`);
}

function versionFrom(text: string | undefined): string {
  if (text === undefined) return defaultClusterSettings.version;
  const minor = Number(/^v?1\.(\d{1,2})(\.\d{1,3})?$/.exec(text)?.[1] ?? 0);
  if (minor >= VERSIONS[0] && minor <= VERSIONS[1]) return `1.${String(minor)}`;
  throw new HowdahError("usage/invalid", `--kubernetes is ${JSON.stringify(text)}: it takes 1.${VERSIONS[0]} to 1.${VERSIONS[1]}`);
}

function percentFrom(text: string | undefined): number {
  if (text === undefined) return defaultClusterSettings.requests.memoryPercent;
  const percent = /^\d{1,3}%$/.test(text) ? Number(text.slice(0, -1)) : 0;
  if (percent >= 1 && percent <= 100) return percent;
  throw new HowdahError("usage/invalid", `--memory-request is ${JSON.stringify(text)}: it takes 1% to 100%`);
}

function named(flag: string, text: string | undefined): string | null {
  return text === undefined ? null : matching(flag, text, SUBDOMAIN, "a name of Kubernetes: lower-case letters, digits, hyphens, dots");
}

function matching(flag: string, text: string, pattern: RegExp, what: string): string {
  if (pattern.test(text) && text.length <= 253) return text;
  throw new HowdahError("usage/invalid", `${flag} is ${JSON.stringify(text)}: it takes ${what}`);
}

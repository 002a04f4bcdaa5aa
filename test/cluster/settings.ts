import { homedir } from "node:os";
import { join } from "node:path";

/** A machine of the cluster: process, mount and network namespaces of its own on the cluster's network. */
export interface MachineSettings {
  /** `control`, `registry`, `node-1`, …; nodes have the same name in Kubernetes. */
  readonly name: string;
  readonly address: string;
}

/** A machine that runs pods. */
export interface NodeSettings extends MachineSettings {
  /** Addresses of its pods, `10.244.1.0/24`. */
  readonly pods: string;
  readonly zone: string;
}

/** Where a test cluster lives on this machine. Clusters of different numbers run beside each other and touch nothing in common. */
export interface Settings {
  /** 0 to 9, from HOWDAH_CLUSTER_NUMBER; 0 is the one that everybody shares. */
  readonly number: number;
  /** Everything that the running cluster writes; `stop` removes it. From HOWDAH_CLUSTER_DIR, else below the cache. */
  readonly directory: string;
  /** Built programs and images, which outlive clusters: `~/.cache/howdah/cluster`. */
  readonly cache: string;
  /** The host's interface in the cluster's network; it carries `hostAddress`. */
  readonly hostLink: string;
  readonly hostAddress: string;
  readonly control: MachineSettings;
  readonly registry: MachineSettings;
  readonly nodes: readonly NodeSettings[];
  readonly podNetwork: string;
  readonly serviceNetwork: string;
  /** The service `kubernetes.default`. */
  readonly apiService: string;
  /** The service `kube-dns`. */
  readonly dnsService: string;
  readonly apiServer: string;
  /** `ADDRESS:PORT` of the registry, the same for the host, the nodes and pods. */
  readonly registryHost: string;
}

/** Reads the settings from the environment. A number that is none is an error in plain words. */
export function settingsOf(environment: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const number = Number(environment["HOWDAH_CLUSTER_NUMBER"] ?? "0");
  if (!Number.isInteger(number) || number < 0 || number > 9) throw new Error("HOWDAH_CLUSTER_NUMBER must be a number from 0 to 9");
  const cache = join(environment["XDG_CACHE_HOME"] ?? join(environment["HOME"] ?? homedir(), ".cache"), "howdah/cluster");
  const at = (host: number): string => `10.99.${String(number)}.${String(host)}`;
  // Pods have 10.244 to 10.253: nothing that podman (10.88 and 10.89) or the machines (10.99) use.
  const pods = `10.${String(244 + number)}`;
  return {
    number,
    directory: environment["HOWDAH_CLUSTER_DIR"] ?? join(cache, number === 0 ? "run" : `run-${String(number)}`),
    cache,
    hostLink: `howdah-${String(number)}`,
    hostAddress: at(1),
    control: { name: "control", address: at(10) },
    registry: { name: "registry", address: at(5) },
    nodes: [1, 2, 3].map((index) => ({
      name: `node-${String(index)}`,
      address: at(10 + index),
      pods: `${pods}.${String(index)}.0/24`,
      zone: `zone-${String(index)}`,
    })),
    podNetwork: `${pods}.0.0/16`,
    serviceNetwork: "10.96.0.0/16",
    apiService: "10.96.0.1",
    dnsService: "10.96.0.10",
    apiServer: `https://${at(10)}:6443`,
    registryHost: `${at(5)}:5000`,
  };
}

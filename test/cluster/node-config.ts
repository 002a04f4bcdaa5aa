import { cgroupOf } from "./cgroups.ts";
import { keyPair } from "./pki.ts";
import type { NodeSettings, Settings } from "./settings.ts";

/** The image that holds each pod's namespaces. */
export const PAUSE_IMAGE = "howdah.test/pause:1";
/** containerd's socket, in the node's own /run. */
export const CONTAINERD_SOCKET = "/run/containerd/containerd.sock";

/** containerd's configuration: runc with plain control groups, our pause image, our CNI network, and registries by directory (hosts.toml). */
export function containerdConfig(cniDirectory: string, registries: string): string {
  return `version = 2
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = ${JSON.stringify(CONTAINERD_SOCKET)}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${JSON.stringify(PAUSE_IMAGE)}
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "runc"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = ${JSON.stringify(cniDirectory)}
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${JSON.stringify(registries)}
`;
}

/** How nodes reach the registry: by TLS of the cluster's authority. Passwords come with pods' pull secrets, as on any cluster. */
export function registryHosts(settings: Settings): string {
  const server = `https://${settings.registryHost}`;
  return `server = ${JSON.stringify(server)}
[host.${JSON.stringify(server)}]
  ca = ${JSON.stringify(keyPair(settings, "ca").cert)}
`;
}

/** The pod network of a node: a bridge with the node's own range; other nodes' pods are reached by routes, addresses are never masked. */
export function cniConfig(settings: Settings, node: NodeSettings): object {
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: "/run/cni-addresses",
          ranges: [[{ subnet: node.pods }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true, masqAll: false },
    ],
  };
}

/** The kubelet's configuration on a machine that may be nested: control groups of version 1, no CAP_SYS_RESOURCE, swap as it is. */
export function kubeletConfig(settings: Settings, node: NodeSettings): object {
  const serving = keyPair(settings, `${node.name}-serving`);
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: node.address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: keyPair(settings, "ca").cert },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: serving.cert,
    tlsPrivateKeyFile: serving.key,
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroupOf(settings, node.name),
    clusterDomain: "cluster.local",
    clusterDNS: [settings.dnsService],
    resolvConf: "/run/no-resolv.conf",
    failCgroupV1: false,
    failSwapOn: false,
    featureGates: { KubeletInUserNamespace: true },
    maxOpenFiles: 16_384,
    // The host's memory and disk are shared by all nodes: eviction would hit whoever happens to be there.
    evictionHard: { "memory.available": "50Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
    // Renewed every 3 s: with the default of 40 s (every 10 s) a node would look lost after one late renewal.
    nodeLeaseDurationSeconds: 12,
    nodeStatusUpdateFrequency: "4s",
    serializeImagePulls: false,
  };
}

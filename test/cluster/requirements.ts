import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Programs that the cluster runs, and Debian's package of each. */
const programs: Readonly<Record<string, string>> = {
  containerd: "containerd",
  ctr: "containerd",
  runc: "runc",
  catatonit: "catatonit",
  iptables: "iptables",
  conntrack: "conntrack",
  ip: "iproute2",
  ethtool: "ethtool",
  socat: "socat",
  mount: "mount",
  nsenter: "util-linux",
  unshare: "util-linux",
  sysctl: "procps",
  openssl: "openssl",
  nft: "nftables",
  glusterd: "glusterfs-server",
  glusterfs: "glusterfs-client",
};

/** Stops with one error that names everything that is missing and the command that brings it. */
export async function checkRequirements(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("The test cluster makes namespaces and mounts: this needs root");
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  const missing = new Set<string>();
  for (const [program, debianPackage] of Object.entries(programs)) {
    const found = await Promise.all(directories.map((directory) => canRun(join(directory, program))));
    if (!found.includes(true)) missing.add(debianPackage);
  }
  if (!(await canRun("/usr/lib/cni/bridge"))) missing.add("containernetworking-plugins");
  if (!(await canRun("/usr/bin/busybox"))) missing.add("busybox-static");
  if (missing.size === 0) return;
  throw new Error(`Missing: ${[...missing].join(", ")}. Run: apt-get install -y --no-install-recommends ${[...missing].join(" ")}`);
}

function canRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

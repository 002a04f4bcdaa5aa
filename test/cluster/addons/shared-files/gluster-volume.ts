import type { Cluster } from "../../addon.ts";
import type { NodeSettings } from "../../settings.ts";
import { until } from "../../until.ts";

/** Where the distributed file system is on every node. */
export const SHARED = "/var/lib/howdah-rwx";
/** The one volume; each claim is a directory in it. */
export const VOLUME = "howdah";
/** A part of the data on each node: in the node's own /var/lib, which outlives its machine and goes with the cluster. */
const BRICK = "/var/lib/howdah-brick";
const GLUSTERD = "glusterd";
const CLIENT = "shared-files";
/** Into the daemon's log of the cluster, and only what is worth it. */
const QUIET = ["--log-file=-", "--log-level=WARNING"];

/**
 * How a lost node feels: others wait `network.ping-timeout` for it before they go on without it (Gluster's own 42 s is longer than most
 * requests live). Two of three copies must be there to write, so that no two halves of a cut network write on.
 */
const options: Readonly<Record<string, string>> = {
  "network.ping-timeout": "5",
  "cluster.quorum-type": "auto",
  // What is still to be copied is looked for every 30 s, not every 10 minutes.
  "cluster.heal-timeout": "30",
  // What one pod has written and closed is there for the others: else a server may answer before it has the bytes.
  "performance.flush-behind": "off",
  // Sizes and times are asked for, not remembered for a second: a session that has grown on one node would be cut short on another.
  "performance.stat-prefetch": "off",
};

/** The kernel's own memory of sizes and names is switched off for the same reason. */
const FRESH = ["--attribute-timeout=0", "--entry-timeout=0"];

/** Brings up GlusterFS: a server and a copy of all files on each node, and the volume mounted on each by FUSE. */
export async function startGluster(cluster: Cluster): Promise<void> {
  const { nodes } = cluster.settings;
  await Promise.all(nodes.map((node) => startServer(cluster, node)));
  await joinServers(cluster, nodes);
  await startVolume(cluster, nodes);
  await Promise.all(nodes.map((node) => mountVolume(cluster, node, nodes)));
}

async function startServer(cluster: Cluster, { name }: NodeSettings): Promise<void> {
  await cluster.enter(name, ["mkdir", "-p", "/run/gluster", "/var/log/glusterfs", "/var/lib/glusterd", BRICK]);
  await cluster.daemon(name, GLUSTERD, ["glusterd", "--no-daemon", ...QUIET]);
  await until(
    cluster.settings,
    `GlusterFS on ${name}`,
    [name, GLUSTERD],
    async () => (await gluster(cluster, name, ["pool", "list"])).code === 0,
  );
}

/** Servers know each other by their addresses. The first invites the others; who is in stays in. */
async function joinServers(cluster: Cluster, [first, ...others]: readonly NodeSettings[]): Promise<void> {
  if (first === undefined) return;
  for (const { address } of others) await must(cluster, first.name, ["peer", "probe", address]);
  await until(cluster.settings, "The pool of GlusterFS servers", [first.name, GLUSTERD], async () => {
    const { stdout } = await gluster(cluster, first.name, ["pool", "list"]);
    return stdout.match(/\bConnected\b/g)?.length === others.length + 1;
  });
}

async function startVolume(cluster: Cluster, nodes: readonly NodeSettings[]): Promise<void> {
  const { name = "" } = nodes[0] ?? {};
  const info = await gluster(cluster, name, ["volume", "info", VOLUME]);
  if (info.code !== 0) {
    const bricks = nodes.map(({ address }) => `${address}:${BRICK}/data`);
    // `force`: a brick on a disk of its own would be better, and there is none.
    await must(cluster, name, ["volume", "create", VOLUME, "replica", String(nodes.length), ...bricks, "force"]);
    for (const [option, value] of Object.entries(options)) await must(cluster, name, ["volume", "set", VOLUME, option, value]);
  }
  if (!info.stdout.includes("Status: Started")) await must(cluster, name, ["volume", "start", VOLUME]);
}

/** Below the mount lies an empty file system that nobody can write to: without Gluster files are refused, not put somewhere else. */
async function mountVolume(cluster: Cluster, { name, address }: NodeSettings, nodes: readonly NodeSettings[]): Promise<void> {
  const kind = async (): Promise<string> =>
    (await cluster.enter(name, ["stat", "--file-system", "--format=%T", SHARED], { accept: "any" })).stdout;
  await cluster.enter(name, ["mkdir", "-p", SHARED]);
  if (!/fuse|tmpfs/.test(await kind())) await cluster.enter(name, ["mount", "-t", "tmpfs", "-o", "ro,size=0", "guard", SHARED]);
  const others = nodes.filter((node) => node.name !== name);
  const servers = [address, ...others.map((node) => node.address)].map((server) => `--volfile-server=${server}`);
  await cluster.daemon(name, CLIENT, ["glusterfs", "--no-daemon", ...FRESH, ...QUIET, ...servers, `--volfile-id=/${VOLUME}`, SHARED]);
  await until(cluster.settings, `The shared files on ${name}`, [name, CLIENT], async () => (await kind()).startsWith("fuse"));
}

/** Gluster's command line, with `--mode=script`: it asks nothing. Answers also when it failed. */
export function gluster(cluster: Cluster, node: string, argv: readonly string[]): ReturnType<Cluster["enter"]> {
  return cluster.enter(node, ["gluster", "--mode=script", ...argv], { accept: "any", timeoutMs: 120_000 });
}

async function must(cluster: Cluster, node: string, argv: readonly string[]): Promise<void> {
  const said = await gluster(cluster, node, argv);
  if (said.code !== 0) throw new Error(`gluster ${argv.join(" ")} on ${node}: ${said.stderr.trim() || said.stdout.trim()}`);
}

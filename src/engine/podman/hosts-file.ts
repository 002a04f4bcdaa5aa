import { open } from "node:fs/promises";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import type { InspectedContainer, ListedContainer } from "./podman-cli.ts";
import { objectsOf } from "./state-store.ts";

/** Names of one address, for a pod's `/etc/hosts`. */
export interface HostsEntry {
  readonly address: string;
  readonly names: readonly string[];
}

/** Ends each line of ours. A name and no comment: podman 4.3.1 rewrites the file when a container of the pod stops, and drops comments. */
const MARK = "joined.howdah.internal";

/**
 * The text of a hosts file in which exactly `entries` are ours; what others wrote stays as it is, unless it speaks of our names (podman
 * wrote that at the start, from `--add-host`). The same entries give the same text.
 */
export function hostsText(former: string, entries: readonly HostsEntry[]): string {
  const known = new Set([MARK, ...entries.flatMap(({ names }) => names)]);
  const isOurs = (line: string): boolean =>
    line
      .split(/\s+/)
      .slice(1)
      .some((name) => known.has(name));
  const others = former.split("\n").filter((line) => line.trim() !== "" && !isOurs(line.trim()));
  const ours = entries.filter(({ names }) => names.length > 0).map(({ address, names }) => `${address}\t${[...names, MARK].join(" ")}`);
  return [...others, ...ours.toSorted(), ""].join("\n");
}

/**
 * Writes into the hosts files of the running pods and one-off containers of some networks, or of one pod there, which servers are there: who of
 * other namespaces was joined to them, and the namespace's own StatefulSets, whose one pod has its address as long as it runs.
 * A site asks for its database and its sessions at every request, and aardvark-dns 1.4.0 denies names for milliseconds whenever any container comes or
 * goes (it reads files that netavark rewrites); the resolver takes a denial for the truth. Level-based: podman's words are all it goes by.
 */
export async function writeHostsFiles(machine: Machine, networks: ReadonlySet<string>, pod?: string): Promise<void> {
  if (networks.size === 0) return;
  const listed = await runningOn(machine, networks);
  const own = listed.filter((one) => networks.has(ownNetwork(machine, one)) && (pod === undefined || one.name === `${pod}._infra`));
  const servers = listed.filter((one) => isServer(machine, one, networks));
  const seen = await machine.podman.inspect([...new Set([...own, ...servers].map((one) => one.name))]);
  for (const one of own) {
    const path = seen.find(({ name }) => name === one.name)?.hostsPath ?? "";
    const others = servers.filter(({ name }) => name !== one.name);
    if (path !== "") await replaceEntries(path, await entriesFor(machine, one.labels[label.namespace] ?? "", others, seen));
  }
}

/** The servers of a namespace's network, as above: what a container that starts there by itself must be told with `--add-host`. */
export async function serverEntries(machine: Machine, namespace: string): Promise<HostsEntry[]> {
  const networks = new Set([machine.names.network(namespace)]);
  const servers = (await runningOn(machine, networks)).filter((one) => isServer(machine, one, networks));
  return entriesFor(machine, namespace, servers, await machine.podman.inspect(servers.map((one) => one.name)));
}

/** What has a hosts file of its own on some networks: infra containers hold their pods', one-off containers are in no pod. */
async function runningOn(machine: Machine, networks: ReadonlySet<string>): Promise<ListedContainer[]> {
  const listed = await machine.podman.list({ [label.instance]: machine.names.instance });
  return listed.filter(
    (one) =>
      (one.isInfra || one.labels[label.role] === "once") &&
      one.state === "running" &&
      one.networks.some((network) => networks.has(network)),
  );
}

function isServer(machine: Machine, one: ListedContainer, networks: ReadonlySet<string>): boolean {
  const isOwn = one.isInfra && one.labels[label.kind] === "StatefulSet";
  return one.networks.some((network) => networks.has(network) && (isOwn || network !== ownNetwork(machine, one)));
}

async function entriesFor(
  machine: Machine,
  namespace: string,
  servers: readonly ListedContainer[],
  seen: readonly InspectedContainer[],
): Promise<HostsEntry[]> {
  const network = machine.names.network(namespace);
  const services = new Set(objectsOf(await machine.store.read(namespace), "Service").map((service) => service.metadata.name));
  return servers.flatMap((server) => {
    const taken = ownNetwork(machine, server) === network ? new Set<string>() : services;
    return seen.filter(({ name }) => name === server.name).flatMap((one) => entryOn(one, network, taken));
  });
}

function ownNetwork(machine: Machine, container: ListedContainer): string {
  return machine.names.network(container.labels[label.namespace] ?? "");
}

/** What a network's name server would say of a container, without its identifier and names that the network's namespace has itself. */
function entryOn(container: InspectedContainer, network: string, taken: ReadonlySet<string>): HostsEntry[] {
  const address = container.addresses[network];
  const shortId = container.id.slice(0, 12);
  const names = (container.aliases[network] ?? []).filter((alias) => alias !== shortId && !taken.has(alias));
  return address === undefined ? [] : [{ address, names: names.toSorted() }];
}

/**
 * In place, since the pod's containers have this very file mounted, and with one write that is at least as long as what it covers (empty
 * lines fill it up): whoever reads meanwhile finds the former or the new text and never a file without its names.
 */
async function replaceEntries(path: string, entries: readonly HostsEntry[]): Promise<void> {
  const file = await open(path, "r+").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined; // the pod ended meanwhile
    throw error;
  });
  if (file === undefined) return;
  try {
    const former = await file.readFile("latin1");
    const text = hostsText(former, entries).padEnd(former.length, "\n");
    if (text !== former) await file.write(text, 0, "latin1");
  } finally {
    await file.close();
  }
}

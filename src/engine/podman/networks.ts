import { Resolver } from "node:dns/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { NetworkPolicy } from "../../render/objects.ts";
import type { EngineFacts } from "../engine.ts";
import { writeHostsFiles } from "./hosts-file.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import { type FoundPod, findPods, matches, serviceNames, type Workload } from "./pods.ts";
import { type NamespaceState, objectsOf } from "./state-store.ts";

/** Makes a namespace's network if it is not there, closed against every other one, and answers what rendering must know. */
export async function ensureNetwork(machine: Machine, namespace: string): Promise<EngineFacts> {
  const name = machine.names.network(namespace);
  const known = await gatewayOf(machine, name);
  if (known !== undefined) return factsOf(known);
  if (!(await machine.podman.exists("network", name))) {
    const labels = [`--label=${label.instance}=${machine.names.instance}`, `--label=${label.namespace}=${namespace}`];
    const made = await machine.podman.run(["network", "create", "--opt=isolate=true", ...labels, name], { accept: "any" });
    const raced = made.code !== 0 && /already (exists|used)/.test(made.stderr);
    if (made.code !== 0 && !raced) {
      throw new HowdahError("machine/tool-failed", `podman can't make the network ${name}`, { output: made.lastLines });
    }
  }
  await machine.firewall.sync();
  const gateway = await gatewayOf(machine, name);
  if (gateway === undefined) throw new HowdahError("machine/tool-failed", `The network ${name} has no gateway`);
  return factsOf(gateway);
}

/** The edge runs on the host, so pods see it come from their gateway; the same address answers DNS. */
function factsOf(gateway: string): EngineFacts {
  return { resolver: gateway, trustedProxies: [`${gateway}/32`] };
}

async function gatewayOf(machine: Machine, network: string): Promise<string | undefined> {
  const { code, stdout } = await machine.podman.run(["network", "inspect", network], { accept: "any" });
  if (code !== 0) return undefined;
  const [found] = JSON.parse(stdout) as { subnets?: { gateway?: string }[] }[];
  return found?.subnets?.[0]?.gateway;
}

/** Removes a namespace's network with what other namespaces joined to it. */
export async function removeNetwork(machine: Machine, namespace: string): Promise<void> {
  const name = machine.names.network(namespace);
  if (!(await machine.podman.exists("network", name))) return;
  const { stdout } = await machine.podman.run(["ps", "--all", "--format", "{{.ID}}", "--filter", `network=${name}`]);
  for (const id of stdout.split("\n").filter((line) => line !== "")) {
    const { code } = await machine.podman.run(["network", "disconnect", "--force", name, id], { accept: "any" });
    if (code !== 0) await mendBooks(machine.podman, id);
  }
  await machine.firewall.withdraw(name, async () => void (await machine.podman.run(["network", "rm", name], { accept: "any" })));
}

/** A network that a policy lets a pod's Services be reached from. */
interface Joined {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Kubernetes' own label of every namespace. */
const NAMESPACE_LABEL = "kubernetes.io/metadata.name";

/**
 * Joins the pods of a namespace to the networks of the namespaces that its policies let in, and leaves those that none lets in any more.
 * Names there are those of the pods' Services: `mariadb.howdah-system`, and `mariadb` unless that namespace has such a Service itself.
 * The pods that run there have the names in their hosts files, too: after this they are those of now, whatever was before.
 */
export async function joinNetworks(machine: Machine, namespace: string): Promise<void> {
  const state = await machine.store.read(namespace);
  const joined = joinedBy(objectsOf(state, "NetworkPolicy"), namespace);
  const left = new Set<string>();
  for (const pod of await findPods(machine, namespace)) {
    for (const network of await joinPod(machine, namespace, state, pod, joined)) left.add(network);
  }
  await writeHostsFiles(machine, new Set([...left, ...networksThatKnow(machine, namespace, state)]));
}

/** The networks whose hosts files have names of a namespace's pods: those that its policies let in, and its own when it has servers. */
function networksThatKnow(machine: Machine, namespace: string, state: NamespaceState): ReadonlySet<string> {
  const own = objectsOf(state, "StatefulSet").length === 0 ? [] : [namespace];
  const joined = joinedBy(objectsOf(state, "NetworkPolicy"), namespace).map((one) => one.namespace);
  return new Set([...own, ...joined].map((one) => machine.names.network(one)));
}

/**
 * Writes anew what hosts files of others say of a namespace's pods: after pods ended (who asks learns at once that they are not there,
 * instead of waiting for an address that answers nothing) or started again, which gives them other addresses.
 */
export async function renewNames(machine: Machine, namespace: string): Promise<void> {
  await writeHostsFiles(machine, networksThatKnow(machine, namespace, await machine.store.read(namespace)));
}

/** The same after pods were made: without servers and policies that let others in there is nothing to do. */
export async function joinNewPods(machine: Machine, namespace: string): Promise<void> {
  const state = await machine.store.read(namespace);
  if (networksThatKnow(machine, namespace, state).size > 0) await joinNetworks(machine, namespace);
}

/** Joins to a namespace's network the pods of others whose policies let it in: the policy may be older than the network. */
export async function joinThoseLetIn(machine: Machine, namespace: string): Promise<void> {
  for (const other of await machine.store.namespaces()) {
    if (other === namespace) continue;
    const policies = objectsOf(await machine.store.read(other), "NetworkPolicy");
    if (joinedBy(policies, other).some((joined) => joined.namespace === namespace)) await joinNetworks(machine, other);
  }
}

function joinedBy(policies: readonly NetworkPolicy[], own: string): Joined[] {
  return policies.flatMap((policy) =>
    policy.spec.ingress
      .flatMap((rule) => rule.from)
      .flatMap((from) => {
        const namespace = from.namespaceSelector?.matchLabels[NAMESPACE_LABEL];
        return namespace === undefined || namespace === own ? [] : [{ namespace, labels: policy.spec.podSelector.matchLabels }];
      }),
  );
}

/** Answers which networks the pod left. */
async function joinPod(
  machine: Machine,
  namespace: string,
  state: NamespaceState,
  pod: FoundPod,
  joined: readonly Joined[],
): Promise<string[]> {
  const workload = workloadOf(state, pod);
  if (workload === undefined || pod.infra === undefined) return [];
  const { template } = workload.spec;
  const wanted = joined.filter((one) => matches(one.labels, template.metadata.labels)).map((one) => one.namespace);
  const now = await networksOf(machine.podman, pod.infra.name);
  const own = machine.names.network(namespace);
  const wantedNetworks = new Set(wanted.map((other) => machine.names.network(other)));
  const left = [...now].filter((network) => network !== own && !wantedNetworks.has(network));
  for (const network of left) await leaveNetwork(machine.podman, network, pod.infra.name);
  for (const other of new Set(wanted)) {
    const network = machine.names.network(other);
    if (now.has(network)) continue;
    // A policy may name a namespace that is destroyed, or not made yet: its network is made by itself alone.
    const resolver = await gatewayOf(machine, network);
    if (resolver === undefined) continue;
    const taken = new Set(objectsOf(await machine.store.read(other), "Service").map((service) => service.metadata.name));
    const aliases = serviceNames(state, namespace, template).filter((alias) => !taken.has(alias));
    const address = await connect(machine, pod.infra.name, network, aliases);
    const others = await findPods(machine, namespace);
    const beside = await machine.podman.inspect(others.flatMap((one) => (one.infra === undefined ? [] : [one.infra.name])));
    const known = new Set(beside.flatMap((one) => one.addresses[network] ?? []));
    await awaitNames(machine, resolver, aliases, { address, known });
  }
  return left;
}

/** What netavark 1.4.0 says when the process that answers names was killed: its file with the pid is there, the process is not. */
const NAME_SERVER_DIED = /aardvark pid not found/;

/**
 * Takes a container out of a network. Where the process that answers names has died, podman 4.3.1 fails, though the interface is gone and its own books
 * may say so: then it is done, or done by another call, which finds the file taken away. Errors: those of podman.
 */
export async function leaveNetwork(podman: Machine["podman"], network: string, container: string): Promise<void> {
  const argv = ["network", "disconnect", network, container];
  const { code, stderr } = await podman.run(argv, { accept: "any" });
  if (code === 0) return;
  await mendBooks(podman, container);
  if (NAME_SERVER_DIED.test(stderr) && !(await networksOf(podman, container)).has(network)) return;
  await podman.run(argv);
}

/** What podman 4.3.1 says of a container when it was stopped between two of its own records: nothing at all can be learned of that container then. */
const BOOKS_DIFFER = /network inspection mismatch/;

/** Has podman write down anew what networks a container is in, where a failed `disconnect` left two answers. The container keeps its addresses. */
async function mendBooks(podman: Machine["podman"], container: string): Promise<void> {
  const { code, stderr } = await podman.run(["container", "inspect", container], { accept: "any" });
  if (code !== 0 && BOOKS_DIFFER.test(stderr)) await podman.run(["network", "reload", container], { accept: "any" });
}

const CONNECT_ATTEMPTS = 3;
const CONNECT_PAUSE_MS = 500;

/**
 * Connects a container to a network and answers its address there. Podman 4.3.1 writes the network down before it makes the interface:
 * when that fails (another program had the firewall's lock), the container looks connected and is not, so it is taken out and tried again.
 */
async function connect(machine: Machine, container: string, network: string, aliases: readonly string[]): Promise<string> {
  const argv = ["network", "connect", ...aliases.map((alias) => `--alias=${alias}`), network, container];
  for (let attempt = 1; ; attempt++) {
    const connected = await machine.podman.run(argv, { accept: "any" });
    const [seen] = await machine.podman.inspect([container]);
    const address = seen?.addresses[network];
    if (connected.code === 0 || (address !== undefined && /already connected/.test(connected.stderr))) return address ?? "";
    await machine.podman.run(["network", "disconnect", "--force", network, container], { accept: "any" });
    if (attempt === CONNECT_ATTEMPTS)
      throw new HowdahError("machine/tool-failed", `podman can't join ${container} to ${network}`, { output: connected.lastLines });
    await machine.clock.sleep(CONNECT_PAUSE_MS);
  }
}

const NAMES_MS = 15_000;
const POLL_MS = 50;

/**
 * The network's DNS server reads its names some time after podman has written them: whoever asks before gets a former address.
 * The long name (`mariadb.howdah-system`) must lead to pods that are there and to no other; a short one may be another namespace's, too.
 */
async function awaitNames(
  machine: Machine,
  server: string,
  aliases: readonly string[],
  { address, known }: { readonly address: string; readonly known: ReadonlySet<string> },
): Promise<void> {
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([server]);
  const until = machine.clock.now() + NAMES_MS;
  for (const alias of aliases) {
    for (;;) {
      const found = await resolver.resolve4(alias).catch((): string[] => []);
      const right = found.includes(address) && (!alias.includes(".") || found.every((one) => known.has(one)));
      if (right || machine.clock.now() >= until) break;
      await machine.clock.sleep(POLL_MS);
    }
  }
}

/** The workload that a pod belongs to, from the namespace's applied objects. */
export function workloadOf(state: NamespaceState, pod: FoundPod): Workload | undefined {
  const all: Workload[] = [...objectsOf(state, "StatefulSet"), ...objectsOf(state, "Deployment")];
  return all.find((workload) => workload.metadata.name === pod.workload);
}

/** Networks that a container is on, also while it is stopped. */
async function networksOf(podman: Machine["podman"], container: string): Promise<Set<string>> {
  const { stdout } = await podman.run(["container", "inspect", "--format", "{{json .NetworkSettings.Networks}}", container]);
  return new Set(Object.keys((JSON.parse(stdout) as Record<string, unknown> | null) ?? {}));
}

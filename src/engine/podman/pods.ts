import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Container, Deployment, PodTemplate, StatefulSet } from "../../render/objects.ts";
import { digestOf } from "../../render/rendered.ts";
import { keepBridgeAddress } from "./bridge-address.ts";
import { lastLines } from "./container-log.ts";
import { writeHostsFiles } from "./hosts-file.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import { mountedOpcache } from "./opcache-store.ts";
import { containerArguments, type PodPlan, podArguments, secretVariables } from "./pod-arguments.ts";
import { filesDirectory } from "./pod-volumes.ts";
import type { InspectedContainer, ListedContainer } from "./podman-cli.ts";
import { type NamespaceState, objectsOf } from "./state-store.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** A workload whose pods are made. */
export type Workload = Deployment | StatefulSet;

/** A pod that exists in podman, whole or half-made. */
export interface FoundPod {
  readonly name: string;
  readonly namespace: string;
  readonly workload: string;
  readonly template: string;
  readonly replica: number;
  readonly containers: readonly ListedContainer[];
  readonly infra: ListedContainer | undefined;
}

/** Digest of a pod template: equal templates make equal pods, which are never touched. */
export function templateDigest(template: PodTemplate): string {
  return digestOf(template);
}

/** The pods of the whole instance, of a namespace, or of one workload of it, in the order of their names. */
export async function findPods(machine: Machine, namespace?: string, workload?: string): Promise<FoundPod[]> {
  const listed = await machine.podman.list({
    [label.instance]: machine.names.instance,
    ...(namespace === undefined ? {} : { [label.namespace]: namespace }),
    ...(workload === undefined ? {} : { [label.workload]: workload }),
  });
  const pods = Map.groupBy(
    listed.filter((container) => container.labels[label.role] !== "once" && container.labels[label.template] !== undefined),
    podNameOf(machine),
  );
  return [...pods].map(([name, members]) => foundPod(name, members)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function podNameOf(machine: Machine): (container: ListedContainer) => string {
  return ({ labels }) =>
    machine.names.pod(
      labels[label.namespace] ?? "",
      labels[label.workload] ?? "",
      labels[label.template] ?? "",
      Number(labels[label.replica]),
    );
}

function foundPod(name: string, members: readonly ListedContainer[]): FoundPod {
  const labels = members[0]?.labels ?? {};
  return {
    name,
    namespace: labels[label.namespace] ?? "",
    workload: labels[label.workload] ?? "",
    template: labels[label.template] ?? "",
    replica: Number(labels[label.replica] ?? 0),
    containers: members.filter((member) => !member.isInfra),
    infra: members.find((member) => member.isInfra),
  };
}

/** The plan of one replica of a workload; makes its volumes and hands its secrets to podman. */
export async function planPod(machine: Machine, namespace: string, workload: Workload, replica: number): Promise<PodPlan> {
  const state = await machine.store.read(namespace);
  const { template } = workload.spec;
  const digest = templateDigest(template);
  const pod = machine.names.pod(namespace, workload.metadata.name, digest, replica);
  const [secretName, volumes, limits] = await Promise.all([
    secretNames(machine, namespace, [...template.spec.initContainers, ...template.spec.containers]),
    machine.volumes.prepare(namespace, pod, template.spec, state),
    machine.limits(),
  ]);
  return {
    pod,
    hostname: `${workload.metadata.name}-${replica}`.slice(0, 63),
    network: machine.names.network(namespace),
    aliases: serviceNames(state, namespace, template),
    labels: {
      [label.instance]: machine.names.instance,
      [label.namespace]: namespace,
      [label.workload]: workload.metadata.name,
      [label.kind]: workload.kind,
      [label.template]: digest,
      [label.replica]: String(replica),
      [label.files]: mountedFiles(machine, namespace, state, template),
      [label.opcache]: mountedOpcache(machine.store, namespace, template.spec),
    },
    spec: template.spec,
    volumes,
    secretName,
    limits,
    attempt: state.attempt ?? "",
  };
}

/** Begins another attempt: a person asked, so hooks that failed in the one before may run again in the pods that are made from now on. */
export async function beginAttempt(machine: Machine, namespace: string): Promise<NamespaceState> {
  const attempt = new Date(machine.clock.now()).toISOString();
  return machine.store.change(namespace, (state) => ({ ...state, attempt }));
}

/** Names of the directories with the files that a pod mounts: what may not be taken away while it runs. */
export function mountedFiles(machine: Machine, namespace: string, state: NamespaceState, template: PodTemplate): string {
  const mounted = new Set(template.spec.volumes.flatMap((volume) => ("configMap" in volume ? [volume.configMap.name] : [])));
  const maps = objectsOf(state, "ConfigMap").filter((map) => mounted.has(map.metadata.name));
  return maps.map((map) => basename(filesDirectory(machine.store, namespace, map))).join(",");
}

/** Names by which the Services of a namespace make a pod known: `php`, and Kubernetes' longer `php.blog`. */
export function serviceNames(state: NamespaceState, namespace: string, template: PodTemplate): string[] {
  return objectsOf(state, "Service")
    .filter((service) => matches(service.spec.selector, template.metadata.labels))
    .flatMap((service) => [service.metadata.name, `${service.metadata.name}.${namespace}`])
    .sort();
}

/** True when labels hold everything that a selector asks for. An empty selector selects nothing. */
export function matches(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** Puts the secrets that the containers name into podman and answers their names there. */
export async function secretNames(machine: Machine, namespace: string, containers: readonly Container[]): Promise<PodPlan["secretName"]> {
  const used = new Set(
    containers.flatMap((container) =>
      container.env.flatMap((variable) => ("valueFrom" in variable ? [variable.valueFrom.secretKeyRef.name] : [])),
    ),
  );
  const versions = await machine.secrets.ensureInPodman(namespace, [...used]);
  return (secret, key) => machine.names.secret(namespace, secret, versions.get(secret) ?? "", key);
}

/** True when all of a pod runs. */
export function runs(pod: FoundPod): boolean {
  const main = pod.containers.filter((container) => container.labels[label.role] === "main");
  return pod.infra?.state === "running" && main.length > 0 && main.every((container) => container.state === "running");
}

/** Names of the pods that a workload asks for. */
export function podNames(machine: Machine, namespace: string, workload: Workload): string[] {
  const digest = templateDigest(workload.spec.template);
  return Array.from({ length: workload.spec.replicas }, (_, replica) =>
    machine.names.pod(namespace, workload.metadata.name, digest, replica),
  );
}

/** For a command: a pod that runs is left alone, one that ended belongs to a former attempt and is made anew. */
export async function createPodAnew(machine: Machine, plan: PodPlan, found: FoundPod | undefined): Promise<"made" | "found"> {
  if (found !== undefined && runs(found)) return createPod(machine, plan, found);
  if (found !== undefined) await discardPod(machine, plan.pod);
  return createPod(machine, plan, undefined);
}

/** Makes the pod and its containers. What a killed command left half-made under the same name is made anew. */
export async function createPod(machine: Machine, plan: PodPlan, found: FoundPod | undefined): Promise<"made" | "found"> {
  const expected = [...plan.spec.initContainers, ...plan.spec.containers].map((container) =>
    machine.names.container(plan.pod, container.name),
  );
  const names = new Set(found?.containers.map((container) => container.name));
  const whole = found?.infra !== undefined && expected.every((name) => names.has(name));
  if (whole) return "found";
  if (found !== undefined) await discardPod(machine, plan.pod);
  if ((await machine.podman.run(podArguments(plan), { accept: "any" })).code !== 0) {
    // An empty pod that a killed command left is in no list of containers.
    await discardPod(machine, plan.pod);
    await machine.podman.run(podArguments(plan));
  }
  await Promise.all([
    ...plan.spec.initContainers.map((container) => machine.podman.run(containerArguments(plan, container, "init"))),
    ...plan.spec.containers.map((container) => machine.podman.run(containerArguments(plan, container, "main"))),
  ]);
  return "made";
}

async function discardPod(machine: Machine, pod: string): Promise<void> {
  await machine.podman.run(["pod", "rm", "--force", "--ignore", "--time=0", pod], { accept: "any" });
}

/**
 * Starts a pod: its network, its init containers one after another to their end, then the others. What runs is left alone.
 * Answers what podman then says of its infra container and its main ones.
 */
export async function startPod(machine: Machine, plan: PodPlan, made: "made" | "found"): Promise<readonly InspectedContainer[]> {
  const { podman, names } = machine;
  const infra = `${plan.pod}._infra`;
  const main = plan.spec.containers.map((container) => names.container(plan.pod, container.name));
  const [before] = await Promise.all([made === "made" ? [] : podman.inspect([infra, ...main]), machine.firewall.ensure(plan.network)]);
  const running = new Set(before.filter((container) => container.status === "running").map((container) => container.name));
  const toStart = main.filter((name) => !running.has(name));
  if (!running.has(infra)) {
    await podman.run(["start", infra]);
    await keepBridgeAddress(machine, plan.network);
  }
  if (toStart.length === main.length) for (const container of plan.spec.initContainers) await runInit(machine, plan, container);
  await Promise.all(toStart.map((name) => podman.run(["start", name])));
  const nothing = toStart.length === 0 && running.has(infra);
  // Podman makes the hosts file with the pod's network: ours is in it before anybody waits for the pod.
  const hosts = running.has(infra) ? undefined : writeHostsFiles(machine, new Set([plan.network]), plan.pod);
  const [seen] = await Promise.all([nothing ? before : podman.inspect([infra, ...main]), hosts]);
  await maskEach(secretsOf(machine, plan.pod, plan), seen);
  return seen;
}

async function runInit(machine: Machine, plan: PodPlan, container: Container): Promise<void> {
  const name = machine.names.container(plan.pod, container.name);
  await machine.podman.run(["start", name]);
  const { stdout } = await machine.podman.run(["wait", name]);
  if (Number(stdout.trim()) === 0) return;
  const [seen] = await machine.podman.inspect([name]);
  const output = (await lastLines(seen?.logPath ?? "", 100)).map((line) => line.text);
  throw new HowdahError("engine/crashed", `${container.name} ended with exit code ${stdout.trim()} before the pod could start`, { output });
}

/**
 * Podman 4.3.1 writes the values of `--secret type=env` into the container's OCI configuration, where `podman inspect` shows them.
 * The runtime reads that file once, at the start; afterwards the values are taken out. Podman writes it anew at every start.
 */
export async function maskSecrets(machine: Machine, pod: string, template: Pick<PodTemplate, "spec">): Promise<void> {
  const secret = secretsOf(machine, pod, template);
  const names = [...secret].filter(([, variables]) => variables.length > 0).map(([name]) => name);
  await maskEach(secret, await machine.podman.inspect(names));
}

async function maskEach(secret: ReadonlyMap<string, readonly string[]>, seen: readonly InspectedContainer[]): Promise<void> {
  for (const { name, status, configPath } of seen) {
    const variables = secret.get(name) ?? [];
    if (status === "running" && variables.length > 0) await maskFile(configPath, new Set(variables));
  }
}

function secretsOf(machine: Machine, pod: string, template: Pick<PodTemplate, "spec">): ReadonlyMap<string, readonly string[]> {
  return new Map(template.spec.containers.map((container) => [machine.names.container(pod, container.name), secretVariables(container)]));
}

const MASK = "*******";

async function maskFile(path: string, variables: ReadonlySet<string>): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const config = JSON.parse(text) as { process?: { env?: string[] } };
  const env = config.process?.env ?? [];
  const masked = env.map((entry) => {
    const name = entry.slice(0, entry.indexOf("="));
    return variables.has(name) ? `${name}=${MASK}` : entry;
  });
  if (masked.every((entry, index) => entry === env[index])) return;
  await writeAtomically(path, JSON.stringify({ ...config, process: { ...config.process, env: masked } }), { mode: 0o600 });
}

/**
 * Stops a pod's containers with their stop signals and grace; a container that doesn't end in time is killed. The infra container goes
 * last: `podman pod stop` ends all at once, and with it the network that running requests and queries still need.
 */
export async function stopPod(machine: Machine, pod: FoundPod): Promise<void> {
  const names = pod.containers.map((container) => container.name);
  if (names.length > 0) await machine.podman.run(["stop", "--ignore", ...names], { accept: "any" });
  await machine.podman.run(["pod", "stop", "--ignore", pod.name], { accept: "any" });
}

/** Takes a pod away: containers (at once, unless they were stopped before), network, own volumes. */
export async function removePod(machine: Machine, pod: string): Promise<void> {
  await machine.marks.remove(pod);
  const argv = ["pod", "rm", "--force", "--ignore", "--time=0", pod];
  // Podman 4.3.1 refuses ("container state improper") when a container ends by itself in this moment; a moment later it does not.
  for (let attempt = 1; attempt < REMOVE_ATTEMPTS; attempt++) {
    if ((await machine.podman.run(argv, { accept: "any" })).code === 0) return machine.volumes.discard(pod);
    await machine.clock.sleep(REMOVE_PAUSE_MS);
  }
  await machine.podman.run(argv);
  await machine.volumes.discard(pod);
}

const REMOVE_ATTEMPTS = 4;
const REMOVE_PAUSE_MS = 500;

/** The longest preStop wait of a pod's containers, in seconds. */
export function preStopSeconds(template: PodTemplate): number {
  return Math.max(0, ...template.spec.containers.map((container) => container.lifecycle?.preStop.sleep.seconds ?? 0));
}

/** Seconds that a StatefulSet's pod gets to become ready at least; its startup probes may allow more (recovery after a crash). */
const STATEFUL_DEADLINE = 300;

/** Seconds that a workload's new pods get to become ready. */
export function deadlineSeconds(workload: Workload): number {
  if (workload.kind === "Deployment") return workload.spec.progressDeadlineSeconds;
  const startup = workload.spec.template.spec.containers.map(({ startupProbe: probe }) =>
    probe === undefined ? 0 : probe.periodSeconds * probe.failureThreshold,
  );
  return Math.max(STATEFUL_DEADLINE, ...startup);
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Container, PodSpec, VolumeMount } from "../../render/objects.ts";
import type { HostsEntry } from "./hosts-file.ts";
import { label } from "./names.ts";
import { bytesOf, coresOf } from "./quantity.ts";

/** Where a volume of a pod lies on the machine. */
export type VolumeSource =
  /** A podman volume: podman refuses to remove it while a container has it. */
  | { readonly from: "volume"; readonly name: string; readonly path: string }
  | { readonly from: "path"; readonly path: string; readonly readOnly: boolean };

/** Which limits this machine's cgroups can keep. */
export interface Limits {
  readonly memory: boolean;
  readonly cpu: boolean;
  readonly pids: boolean;
}

/** A pod with everything decided that podman must be told. */
export interface PodPlan {
  readonly pod: string;
  readonly hostname: string;
  readonly network: string;
  /** Names under which Services make this pod known on the network. */
  readonly aliases: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  readonly volumes: ReadonlyMap<string, VolumeSource>;
  /** Podman's name for a secret's key. */
  readonly secretName: (secret: string, key: string) => string;
  readonly limits: Limits;
  /** The start that a command asked for: the entrypoint repeats a failed hook only in another one. */
  readonly attempt: string;
}

/** Processes of one container: FPM children, image converters and shells; far below the 4096 that the host gives a user. */
const PIDS_LIMIT = 512;
/** A container's log is cut at this size; `howdah logs` reads what is left. */
const LOG_SIZE = "10mb";

const DNS_PATIENCE = ["--dns-option=timeout:1", "--dns-option=attempts:5"];

/** The arguments after `podman` that make the pod: only the network is shared, so that a container can't see another's processes. */
export function podArguments(plan: PodPlan): string[] {
  return [
    "pod",
    "create",
    `--name=${plan.pod}`,
    `--infra-name=${plan.pod}._infra`,
    `--hostname=${plan.hostname}`,
    `--network=${plan.network}`,
    // PHP looks its database up at every request: one lost packet must cost a second, not the resolver's five.
    ...DNS_PATIENCE,
    "--share=net,uts",
    ...networkArguments(plan.spec),
    ...plan.aliases.map((alias) => `--network-alias=${alias}`),
    ...labelArguments(plan.labels),
  ];
}

/** The arguments after `podman` that make one container of the pod. */
export function containerArguments(plan: PodPlan, container: Container, role: "init" | "main"): string[] {
  return [
    "create",
    `--name=${plan.pod}.${container.name}`,
    `--pod=${plan.pod}`,
    // An init container runs once per start. Others come back by conmon even while nothing of ours is alive; the agent goes on with backoff.
    `--restart=${role === "init" ? "no" : "on-failure:5"}`,
    ...labelArguments({ ...plan.labels, ...containerLabels(plan, container, role) }),
    ...commonArguments(plan, container),
    `--env=HOWDAH_ATTEMPT=${plan.attempt}`,
    ...entrypointArguments(container),
    container.image,
    ...commandOf(container),
  ];
}

/**
 * The arguments after `podman` that run one program in a container like `container`, beside its pod. Without `--rm`: with it podman 4.3.1
 * kills the program when it can't pass output on any more (pkg/domain/infra/abi/containers.go), which is what our death looks like to it.
 */
export function onceArguments(plan: PodPlan, container: Container, request: OnceRequest): string[] {
  return [
    "run",
    "--interactive",
    ...(request.tty ? ["--tty"] : []),
    `--name=${request.name}`,
    `--network=${plan.network}`,
    ...DNS_PATIENCE,
    ...labelArguments({ ...plan.labels, ...containerLabels(plan, container, "once") }),
    ...commonArguments(plan, container),
    ...Object.entries(request.env).map(([name, value]) => `--env=${name}=${value}`),
    ...(request.user === undefined ? [] : [`--user=${request.user}:${request.user}`]),
    ...networkArguments(plan.spec),
    ...request.hosts.flatMap(({ address, names }) => names.map((name) => `--add-host=${name}:${address}`)),
    "--entrypoint=",
    container.image,
    ...request.argv,
  ];
}

/** Names in the hosts file, and kernel settings of the network. */
function networkArguments({ hostAliases = [], securityContext }: PodSpec): string[] {
  return [
    ...hostAliases.flatMap(({ ip, hostnames }) => hostnames.map((name) => `--add-host=${name}:${ip}`)),
    ...(securityContext?.sysctls ?? []).map(({ name, value }) => `--sysctl=${name}=${value}`),
  ];
}

/** A one-off program. */
export interface OnceRequest {
  readonly name: string;
  readonly argv: readonly string[];
  readonly tty: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly user?: number;
  /** Servers of other namespaces, as pods have them in their hosts files. */
  readonly hosts: readonly HostsEntry[];
}

function containerLabels(plan: PodPlan, container: Container, role: "init" | "main" | "once"): Record<string, string> {
  const secrets = container.env.flatMap((variable) =>
    "valueFrom" in variable ? [plan.secretName(variable.valueFrom.secretKeyRef.name, variable.valueFrom.secretKeyRef.key)] : [],
  );
  return {
    [label.container]: container.name,
    [label.role]: role,
    ...(secrets.length === 0 ? {} : { [label.secrets]: secrets.join(",") }),
  };
}

/** Names of the environment variables whose value is a secret. */
export function secretVariables(container: Container): string[] {
  return container.env.flatMap((variable) => ("valueFrom" in variable ? [variable.name] : []));
}

function commonArguments(plan: PodPlan, container: Container): string[] {
  const security = container.securityContext;
  return [
    ...(security.readOnlyRootFilesystem ? ["--read-only", "--read-only-tmpfs=false"] : []),
    `--cap-drop=${security.capabilities.drop[0].toLowerCase()}`,
    "--security-opt=no-new-privileges",
    `--user=${security.runAsUser}:${security.runAsGroup}`,
    ...limitArguments(container, plan.limits),
    `--stop-signal=${container.stopSignal}`,
    `--stop-timeout=${plan.spec.terminationGracePeriodSeconds}`,
    "--no-healthcheck",
    "--pull=never", // what runs is what was built or fetched before; a registry that is down stops nothing
    "--log-driver=k8s-file",
    `--log-opt=max-size=${LOG_SIZE}`,
    ...(container.workingDir === undefined ? [] : [`--workdir=${container.workingDir}`]),
    ...container.env.map((variable) =>
      "value" in variable
        ? `--env=${variable.name}=${variable.value}`
        : `--secret=${plan.secretName(variable.valueFrom.secretKeyRef.name, variable.valueFrom.secretKeyRef.key)},type=env,target=${variable.name}`,
    ),
    ...container.volumeMounts.flatMap((mount) => mountArguments(plan, mount)),
  ];
}

function limitArguments(container: Container, limits: Limits): string[] {
  const { memory, cpu } = container.resources.limits;
  const bytes = memory === undefined ? undefined : bytesOf(memory);
  return [
    // Equal to the memory limit: no swap, so that a site that is too big is killed instead of making the machine crawl.
    ...(bytes !== undefined && limits.memory ? [`--memory=${bytes}b`, `--memory-swap=${bytes}b`] : []),
    ...(cpu !== undefined && limits.cpu ? [`--cpus=${coresOf(cpu)}`] : []),
    ...(limits.pids ? [`--pids-limit=${PIDS_LIMIT}`] : []),
  ];
}

function mountArguments(plan: PodPlan, mount: VolumeMount): string[] {
  const source = plan.volumes.get(mount.name);
  if (source === undefined) throw new HowdahError("render/unsafe", `The volume "${mount.name}" is mounted but not declared`);
  const target = safePath(mount.mountPath);
  const readOnly = mount.readOnly === true || (source.from === "path" && source.readOnly);
  const options = `${readOnly ? "ro" : "rw"},nosuid,nodev`;
  if (source.from === "volume" && mount.subPath === undefined) {
    // nocopy: what the image holds at that path must not appear in the data, as in Kubernetes.
    return [`--volume=${source.name}:${target}:${options},nocopy`];
  }
  const path = mount.subPath === undefined ? source.path : `${source.path}/${safeSubPath(mount.subPath)}`;
  return [`--volume=${safePath(path)}:${target}:${options}`];
}

/** An absolute path that podman's `a:b:options` grammar can't misread. */
function safePath(path: string): string {
  const bad = !path.startsWith("/") || /[:,\\\p{Cc}]/u.test(path) || path.split("/").includes("..");
  if (bad) throw new HowdahError("render/unsafe", `${JSON.stringify(path)} can't be mounted`);
  return path;
}

function safeSubPath(path: string): string {
  const parts = path.split("/");
  const bad = parts.some((part) => part === "" || part === "." || part === "..");
  if (bad) throw new HowdahError("render/unsafe", `${JSON.stringify(path)} is not a path inside a volume`);
  return path;
}

/** Kubernetes' `command` replaces the image's entrypoint. Its first word is the entrypoint, the rest goes before the arguments. */
function entrypointArguments(container: Container): string[] {
  return container.command?.[0] === undefined ? [] : [`--entrypoint=${JSON.stringify([container.command[0]])}`];
}

function commandOf(container: Container): string[] {
  return [...(container.command ?? []).slice(1), ...(container.args ?? [])];
}

function labelArguments(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([key, value]) => `--label=${key}=${value}`);
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import { resources } from "../../kubernetes/resources.ts";
import { verbatim } from "../../render/cluster/verbatim.ts";
import type { Deployment } from "../../render/objects.ts";
import { rendered } from "../../render/rendered.ts";
import type { Target } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { mark, ownedLabels, type Role } from "./marks.ts";
import { ownLive } from "./own-objects.ts";
import type { PodTemplateObject, WorkloadObject } from "./views.ts";

/** A program in a pod of its own, like those of a workload. */
export interface OneOff {
  readonly role: Role;
  /** `idle`: nothing, until a program is run in it. */
  readonly argv: readonly string[] | "idle";
  readonly env: Readonly<Record<string, string>>;
  readonly user?: number;
  /** Seconds after which Kubernetes ends it, whoever started it. */
  readonly deadlineSeconds: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a container and a pod of a workload have only because they serve. */
const SERVING_ONLY = ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "ports", "args", "command"] as const;

interface ContainerObject {
  readonly name: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly securityContext?: object;
  readonly [field: string]: unknown;
}

/**
 * A pod template that runs one program with the image, environment, limits, seals and volumes of a target's container. Its labels are those
 * of the workload, so that the same network policies hold, but for its role: no Service leads to it.
 * Errors: `site/unknown` when there is no such container.
 */
export async function oneOffTemplate(cluster: Cluster, target: Target, oneOff: OneOff): Promise<PodTemplateObject> {
  const template = await templateOf(cluster, target);
  const containers = template.spec.containers as readonly ContainerObject[];
  const container = containers.find((one) => one.name === target.container);
  if (container === undefined) throw unknown(target);
  const { initContainers: _init, topologySpreadConstraints: _spread, ...spec } = template.spec as Record<string, unknown>;
  const { labels, annotations } = template.metadata ?? {};
  return {
    metadata: {
      labels: { ...labels, ...ownedLabels, [mark.workload]: target.workload, [mark.role]: oneOff.role, ...oneOff.labels },
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      ...spec,
      containers: [programIn(container, oneOff)],
      restartPolicy: "Never",
      activeDeadlineSeconds: oneOff.deadlineSeconds,
    } as unknown as PodTemplateObject["spec"],
  };
}

function programIn(
  container: ContainerObject,
  { argv, env, user, deadlineSeconds }: OneOff,
): PodTemplateObject["spec"]["containers"][number] {
  const kept = Object.fromEntries(Object.entries(container).filter(([field]) => !SERVING_ONLY.some((one) => one === field)));
  const own = Object.entries(env).map(([name, value]) => ({ name, value: verbatim(value) }));
  return {
    ...(kept as unknown as PodTemplateObject["spec"]["containers"][number]),
    ...{
      command: argv === "idle" ? idleCommand(container, deadlineSeconds) : argv.map(verbatim),
      env: [...(container.env ?? []).filter(({ name }) => !Object.hasOwn(env, name)), ...own],
    },
    ...(user === undefined ? {} : { securityContext: { ...container.securityContext, runAsUser: user, runAsGroup: user } }),
  };
}

/** A program of the image that does nothing until it is ended: PHP in an image of PHP, which may have no other, else `sleep`. */
function idleCommand({ command = [] }: ContainerObject, seconds: number): readonly string[] {
  const php = command[0];
  return php?.endsWith("/php") === true
    ? [
        php,
        "-r",
        "pcntl_async_signals(true); pcntl_signal(SIGTERM, fn() => exit(0)); pcntl_signal(SIGQUIT, fn() => exit(0)); while (true) sleep(3600);",
      ]
    : ["sleep", String(seconds)];
}

/** Of the Deployment that the caller means, which need not be there yet, else of what is there. */
async function templateOf(cluster: Cluster, target: Target): Promise<PodTemplateObject> {
  const namespace = cluster.namespace(target.namespace);
  if (target.desired !== undefined) {
    const completed = cluster.complete(namespace, rendered<Deployment>(target.desired));
    const found = completed.find(({ kind }) => kind === "Deployment") as WorkloadObject | undefined;
    if (found !== undefined) return found.spec.template;
  }
  for (const resource of [resources.Deployment, resources.StatefulSet]) {
    const live = (await ownLive(cluster, { resource, namespace, name: target.workload })) as WorkloadObject | undefined;
    if (live !== undefined) return live.spec.template;
  }
  throw unknown(target);
}

function unknown(target: Target): HowdahError {
  return new HowdahError("site/unknown", `${target.namespace} has no ${target.workload} with a container "${target.container}"`);
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { Container, Deployment, Manifest, ObjectKey, Rendered, StatefulSet } from "../../render/objects.ts";
import { digestOf } from "../../render/rendered.ts";
import type { Behaviour, Started } from "./behaviour.ts";

export type Workload = Deployment | StatefulSet;

/** A pod that runs, or ran until it was killed. */
export interface MemoryPod {
  readonly name: string;
  readonly workload: string;
  readonly template: string;
  readonly ip: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly {
    readonly container: Container;
    readonly started: Started;
    readonly env: Readonly<Record<string, string>>;
  }[];
  alive: boolean;
}

/** One namespace of the memory engine. */
export interface MemoryNamespace {
  readonly name: string;
  readonly subnet: number;
  down: boolean;
  held: boolean;
  /** What jobs printed. */
  readonly jobOutput: { readonly name: string; readonly line: string }[];
  /** Since when it sleeps. */
  idle: { readonly since: string } | undefined;
  readonly objects: Map<ObjectKey, Rendered>;
  readonly pods: Map<string, MemoryPod>;
  readonly secrets: Map<string, Readonly<Record<string, Secret>>>;
  /** Files of volumes: `claim/path` to content. Outlives everything but deleteVolume. */
  readonly volumes: Map<string, Map<string, string>>;
}

/** The whole machine. */
export interface World {
  readonly behaviour: Behaviour;
  readonly namespaces: Map<string, MemoryNamespace>;
  addresses: number;
}

/** A namespace, made when it is not there. */
export function namespaceOf(world: World, name: string): MemoryNamespace {
  const known = world.namespaces.get(name);
  if (known !== undefined) return known;
  const made: MemoryNamespace = {
    name,
    subnet: world.namespaces.size,
    down: false,
    held: false,
    jobOutput: [],
    idle: undefined,
    objects: new Map(),
    pods: new Map(),
    secrets: new Map(),
    volumes: new Map(),
  };
  world.namespaces.set(name, made);
  return made;
}

/** All objects of one kind. */
export function objectsOf<K extends Manifest["kind"]>(space: MemoryNamespace, kind: K): Extract<Manifest, { kind: K }>[] {
  return [...space.objects.values()].flatMap(({ object }) => (object.kind === kind ? [object as Extract<Manifest, { kind: K }>] : []));
}

/** A selector matches when it asks for something and labels have all of it. */
export function matches(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** Names of the pods that a workload should have. */
export function podNames(workload: Workload): string[] {
  const digest = digestOf(workload.spec.template).slice(0, 8);
  return Array.from({ length: workload.spec.replicas }, (_, replica) => `${workload.metadata.name}.${digest}.${replica}`);
}

/** Starts a pod. Errors: `engine/not-ready`, `engine/crashed`, or what the container names as `howdah: {…}`. */
export function startPod(world: World, space: MemoryNamespace, workload: Workload, name: string): MemoryPod {
  const { template } = workload.spec;
  world.addresses += 1;
  const pod: MemoryPod = {
    name,
    workload: workload.metadata.name,
    template: digestOf(template),
    ip: `10.${space.subnet}.0.${world.addresses}`,
    labels: template.metadata.labels,
    containers: template.spec.containers.map((container) => ({
      container,
      started: world.behaviour.start(container),
      env: environmentOf(space, container),
    })),
    alive: true,
  };
  for (const { container, started } of pod.containers) refuseUnready(container.name, started);
  return pod;
}

function environmentOf(space: MemoryNamespace, container: Container): Record<string, string> {
  return Object.fromEntries(
    container.env.map((variable) => {
      if ("value" in variable) return [variable.name, variable.value];
      const { name, key } = variable.valueFrom.secretKeyRef;
      const secret = space.secrets.get(name)?.[key];
      if (secret === undefined) throw new HowdahError("engine/not-ready", `The secret "${name}" of ${space.name} was never stored`);
      return [variable.name, secret.reveal()];
    }),
  );
}

function refuseUnready(name: string, started: Started): void {
  if (started.state === "ready") return;
  const output = started.output;
  const named = output.map((line) => /^howdah: (\{.*\})$/.exec(line)?.[1]).find((line) => line !== undefined);
  if (named !== undefined) {
    const said = JSON.parse(named) as { code: ConstructorParameters<typeof HowdahError>[0]; message: string };
    throw new HowdahError(said.code, said.message, { output });
  }
  if (started.state === "crashed") {
    throw new HowdahError("engine/crashed", `${name} ended with exit code ${started.exitCode} right after its start`, { output });
  }
  throw new HowdahError("engine/not-ready", `${name} was not ready in time`, { output });
}

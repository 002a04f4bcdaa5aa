import { Readable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Container } from "../../render/objects.ts";
import type { ExecRequest, Target } from "../engine.ts";
import { reachFrom } from "./memory-network.ts";
import { type MemoryNamespace, namespaceOf, objectsOf, type Workload, type World } from "./world.ts";

/** Runs a program in a container of a living pod (`exec`) or in one like it (`once`). */
export async function runProgram(world: World, target: Target, request: ExecRequest, how: "exec" | "once"): Promise<number> {
  const space = namespaceOf(world, target.namespace);
  const applied: Workload[] = [...objectsOf(space, "Deployment"), ...objectsOf(space, "StatefulSet")];
  const workload = target.desired ?? applied.find((one) => one.metadata.name === target.workload);
  const container = workload?.spec.template.spec.containers.find((one) => one.name === target.container);
  if (workload === undefined || container === undefined) {
    throw new HowdahError("site/unknown", `${target.namespace} has no ${target.workload} with a container "${target.container}"`);
  }
  const pods = [...space.pods.values()].filter((pod) => pod.workload === target.workload && pod.alive);
  const pod = pods[target.replica ?? 0];
  if (how === "exec" && pod === undefined) throw new HowdahError("engine/not-ready", `No pod of ${target.workload} runs`);
  const env = {
    ...pod?.containers.find((one) => one.container.name === target.container)?.env,
    ...Object.fromEntries(
      target.desired === undefined ? [] : container.env.flatMap((one) => ("value" in one ? [[one.name, one.value]] : [])),
    ),
  };
  const { stdout } = request;
  return world.behaviour.program(request.argv, {
    env: { ...env, ...request.env },
    stdin: request.stdin instanceof Readable ? request.stdin : undefined,
    out: (text) => (typeof stdout === "object" ? void stdout.write(text) : undefined),
    read: (path) => readFile(space, workload, container, path),
    write: (path, text) => writeFile(space, workload, container, { path, text }),
    reach: (host) => reachFrom(world, space, host),
  });
}

function mountOf(workload: Workload, container: Container, path: string) {
  const mount = container.volumeMounts.find((one) => path.startsWith(`${one.mountPath}/`));
  const volume = workload.spec.template.spec.volumes.find((one) => one.name === mount?.name);
  return mount === undefined || volume === undefined ? undefined : { mount, volume, inside: path.slice(mount.mountPath.length + 1) };
}

function readFile(space: MemoryNamespace, workload: Workload, container: Container, path: string): string | undefined {
  const found = mountOf(workload, container, path);
  if (found === undefined) return undefined;
  const { volume, inside } = found;
  if ("configMap" in volume) return objectsOf(space, "ConfigMap").find((map) => map.metadata.name === volume.configMap.name)?.data[inside];
  if ("secret" in volume) return space.secrets.get(volume.secret.secretName)?.[inside]?.reveal();
  if ("persistentVolumeClaim" in volume) return space.volumes.get(volume.persistentVolumeClaim.claimName)?.get(inside);
  return undefined;
}

function writeFile(space: MemoryNamespace, workload: Workload, container: Container, file: { path: string; text: string }): boolean {
  const found = mountOf(workload, container, file.path);
  if (found === undefined || found.mount.readOnly === true || !("persistentVolumeClaim" in found.volume)) return false;
  const files = space.volumes.get(found.volume.persistentVolumeClaim.claimName);
  files?.set(found.inside, file.text);
  return files !== undefined;
}

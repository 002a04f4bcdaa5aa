import type { Readable } from "node:stream";
import type { KubeObject } from "../../../kubernetes/kubernetes-api.ts";
import type { MemoryApi } from "../../../kubernetes/testing/memory-api.ts";
import type { Container, EnvVar, Volume } from "../../../render/objects.ts";
import type { Behaviour } from "../../memory/behaviour.ts";
import type { PodObject } from "../views.ts";
import { podReached } from "./simulated-network.ts";

/** A program in a container. */
export interface Program {
  readonly argv: readonly string[];
  readonly stdin?: Readable | undefined;
  readonly out: (text: string) => void;
}

/** Runs the containers of all pods, and keeps their logs and volumes. */
export interface SimulatedNode {
  /** What a kubelet says of a pod that it has looked at. */
  readonly start: (pod: PodObject) => Promise<PodObject["status"]>;
  readonly run: (pod: PodObject, container: string, program: Program) => Promise<number>;
  /** What a pod's web server answers. */
  readonly page: (pod: PodObject) => string;
  /** Lines with the kubelet's time in front. */
  readonly log: (pod: PodObject) => readonly string[];
}

/** Programs of `behave` that end by themselves. */
const ENDS = /^(exit|env|cat|write|reach)$/;

/** `stamp` puts the kubelet's time in front of a line. */
export function simulatedNode(api: MemoryApi, behaviour: Behaviour, stamp: (line: string) => string): SimulatedNode {
  const logs = new Map<string, string[]>();
  const volumes = new Map<string, Map<string, string>>();
  let addresses = 0;
  const page = (pod: PodObject): string => {
    const started = behaviour.start(pod.spec.containers[0] as unknown as Container);
    return started.state === "ready" ? started.serves : "";
  };
  const run: SimulatedNode["run"] = (pod, name, { argv, stdin, out }) => {
    const container = pod.spec.containers.find((one) => one.name === name) as unknown as Container;
    const from = argv.indexOf("behave");
    return behaviour.program(argv.slice(from), {
      env: { ...environmentOf(api, pod, container.env), ...assigned(argv.slice(0, from)) },
      stdin,
      out,
      read: (path) => readFile(api, volumes, { pod, container, path }),
      write: (path, text) => writeFile(api, volumes, { pod, container, path }, text),
      reach: (host) => {
        const reached = podReached(api, pod, host);
        return reached === undefined ? undefined : page(reached);
      },
    });
  };
  const linesOf = ({ metadata }: PodObject): string[] => {
    const lines = logs.get(metadata.uid ?? "") ?? [];
    logs.set(metadata.uid ?? "", lines);
    return lines;
  };
  const start: SimulatedNode["start"] = async (pod) => {
    const container = pod.spec.containers[0] as unknown as Container;
    const restarts = pod.status?.containerStatuses?.[0]?.restartCount ?? -1;
    const podIP = pod.status?.podIP ?? `10.244.0.${String((addresses += 1))}`;
    const say = (lines: readonly string[]): number => linesOf(pod).push(...lines.filter((line) => line !== "").map(stamp));
    const [program, what = ""] = container.command ?? [];
    if (program === "sleep") return statusOf(container, podIP, { state: { running: {} } });
    if (ENDS.test(what)) {
      let said = "";
      const exitCode = await run(pod, container.name, { argv: container.command ?? [], out: (text) => (said += text) });
      say(said.split("\n"));
      return { ...statusOf(container, podIP, { state: { terminated: { exitCode } } }), phase: exitCode === 0 ? "Succeeded" : "Failed" };
    }
    const started = behaviour.start(container);
    if (restarts < 0) say(started.output);
    if (started.state === "never-ready") return statusOf(container, podIP, { state: { running: {} } });
    if (started.state === "ready") return statusOf(container, podIP, { state: { running: {} }, ready: true });
    const terminated = { exitCode: started.exitCode };
    return statusOf(container, podIP, {
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated },
      restartCount: restarts + 1,
    });
  };
  return { start, run, page, log: linesOf };
}

function statusOf(
  { name, image }: Container,
  podIP: string,
  container: Partial<NonNullable<NonNullable<PodObject["status"]>["containerStatuses"]>[number]>,
): NonNullable<PodObject["status"]> {
  return {
    phase: "Running",
    podIP,
    conditions: [{ type: "Ready", status: container.ready === true ? "True" : "False" }],
    containerStatuses: [{ name, image, ready: false, restartCount: 0, ...container }],
  };
}

/** `env NAME=value …` before a program. */
function assigned(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.slice(1).map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]));
}

function objectOf(api: MemoryApi, kind: string, pod: PodObject, name: string): KubeObject | undefined {
  return api.all(kind).find(({ metadata }) => metadata.namespace === pod.metadata.namespace && metadata.name === name);
}

function dataOf(api: MemoryApi, kind: string, pod: PodObject, name: string): Readonly<Record<string, string>> {
  return (objectOf(api, kind, pod, name) as { readonly data?: Record<string, string> } | undefined)?.data ?? {};
}

function secretOf(api: MemoryApi, pod: PodObject, name: string, key: string): string | undefined {
  const value = dataOf(api, "Secret", pod, name)[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString();
}

function environmentOf(api: MemoryApi, pod: PodObject, variables: readonly EnvVar[]): Record<string, string> {
  return Object.fromEntries(
    variables.map((one) => {
      if ("value" in one) return [one.name, one.value];
      const { name, key } = one.valueFrom.secretKeyRef;
      return [one.name, secretOf(api, pod, name, key) ?? ""];
    }),
  );
}

interface Place {
  readonly pod: PodObject;
  readonly container: Container;
  readonly path: string;
}

function mountedAt({
  pod,
  container,
  path,
}: Place): { readonly volume: Volume; readonly inside: string; readonly readOnly: boolean } | undefined {
  const mount = container.volumeMounts.find((one) => path.startsWith(`${one.mountPath}/`));
  const { volumes } = pod.spec as unknown as { readonly volumes: readonly Volume[] };
  const volume = volumes.find(({ name }) => name === mount?.name);
  if (mount === undefined || volume === undefined) return undefined;
  return { volume, inside: path.slice(mount.mountPath.length + 1), readOnly: mount.readOnly === true };
}

function readFile(api: MemoryApi, volumes: ReadonlyMap<string, Map<string, string>>, place: Place): string | undefined {
  const found = mountedAt(place);
  if (found === undefined) return undefined;
  const { volume, inside } = found;
  if ("configMap" in volume) return dataOf(api, "ConfigMap", place.pod, volume.configMap.name)[inside];
  if ("secret" in volume) return secretOf(api, place.pod, volume.secret.secretName, inside);
  if (!("persistentVolumeClaim" in volume)) return undefined;
  const claim = objectOf(api, "PersistentVolumeClaim", place.pod, volume.persistentVolumeClaim.claimName);
  return volumes.get(claim?.metadata.uid ?? "")?.get(inside);
}

function writeFile(api: MemoryApi, volumes: Map<string, Map<string, string>>, place: Place, text: string): boolean {
  const found = mountedAt(place);
  if (found === undefined || found.readOnly || !("persistentVolumeClaim" in found.volume)) return false;
  const claim = objectOf(api, "PersistentVolumeClaim", place.pod, found.volume.persistentVolumeClaim.claimName);
  const uid = claim?.metadata.uid ?? "";
  volumes.set(uid, (volumes.get(uid) ?? new Map<string, string>()).set(found.inside, text));
  return true;
}

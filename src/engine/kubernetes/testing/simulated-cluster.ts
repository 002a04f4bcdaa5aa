import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../../kernel/clock.ts";
import type { KubeObject, KubernetesApi } from "../../../kubernetes/kubernetes-api.ts";
import { resources } from "../../../kubernetes/resources.ts";
import { memoryApi } from "../../../kubernetes/testing/memory-api.ts";
import type { Container, EnvVar, Volume } from "../../../render/objects.ts";
import type { Behaviour } from "../../memory/behaviour.ts";
import { type PodObject, selects, type ServiceObject } from "../views.ts";
import { runControllers } from "./controllers.ts";

/** An API server in memory with controllers, nodes and a network that do what `behaviour` says. Time passes when somebody waits. */
export interface SimulatedCluster {
  readonly api: KubernetesApi & Pick<ReturnType<typeof memoryApi>, "all" | "writes">;
  readonly clock: Clock;
  /** `/` of a Service's first port, or the status of a way in that reaches nobody. */
  readonly askService: (namespace: string, service: string) => string;
  /** Its processes end; its containers come back. */
  readonly kill: (namespace: string, workload: string) => Promise<void>;
}

interface NodeContainer extends Container {
  readonly env: readonly EnvVar[];
}

const ENDED = /^(exit|env|cat|write|reach|idle)$/;

/** Makes a cluster with a name server's Service and nothing else. */
export async function simulatedCluster(behaviour: Behaviour): Promise<SimulatedCluster> {
  let now = Date.parse("2026-11-21T12:00:00Z");
  let addresses = 0;
  const api = memoryApi(() => new Date(now).toISOString());
  const output = new Map<string, string[]>();
  const files = new Map<string, Map<string, string>>();
  const stamp = (line: string): string => `${new Date(now++).toISOString().replace("Z", "000000Z")} ${line}`;

  const volumeOf = (
    pod: PodObject,
    container: NodeContainer,
    path: string,
  ): { volume: Volume; inside: string; readOnly: boolean } | undefined => {
    const mount = container.volumeMounts.find((one) => path.startsWith(`${one.mountPath}/`));
    const volume = (pod.spec as unknown as { volumes: readonly Volume[] }).volumes.find(({ name }) => name === mount?.name);
    if (mount === undefined || volume === undefined) return undefined;
    return { volume, inside: path.slice(mount.mountPath.length + 1), readOnly: mount.readOnly === true };
  };
  const object = (kind: string, namespace: string | undefined, name: string): KubeObject | undefined =>
    api.all(kind).find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  const secretOf = (namespace: string | undefined, name: string, key: string): string | undefined => {
    const data = object("Secret", namespace, name)?.["data"] as Record<string, string> | undefined;
    return data?.[key] === undefined ? undefined : Buffer.from(data[key], "base64").toString();
  };
  const read = (pod: PodObject, container: NodeContainer, path: string): string | undefined => {
    const found = volumeOf(pod, container, path);
    const { namespace } = pod.metadata;
    if (found === undefined) return undefined;
    const { volume, inside } = found;
    if ("configMap" in volume)
      return (object("ConfigMap", namespace, volume.configMap.name) as { data?: Record<string, string> } | undefined)?.data?.[inside];
    if ("secret" in volume) return secretOf(namespace, volume.secret.secretName, inside);
    if ("persistentVolumeClaim" in volume)
      return files.get(object("PersistentVolumeClaim", namespace, volume.persistentVolumeClaim.claimName)?.metadata.uid ?? "")?.get(inside);
    return undefined;
  };
  const write = (pod: PodObject, container: NodeContainer, path: string, text: string): boolean => {
    const found = volumeOf(pod, container, path);
    if (found === undefined || found.readOnly || !("persistentVolumeClaim" in found.volume)) return false;
    const uid = object("PersistentVolumeClaim", pod.metadata.namespace, found.volume.persistentVolumeClaim.claimName)?.metadata.uid ?? "";
    const volume = files.get(uid) ?? new Map<string, string>();
    files.set(uid, volume.set(found.inside, text));
    return true;
  };
  const pageOf = (pod: PodObject): string => {
    const started = behaviour.start(pod.spec.containers[0] as unknown as Container);
    return started.state === "ready" ? started.serves : "";
  };
  const ready = (): PodObject[] =>
    (api.all("Pod") as PodObject[]).filter(
      ({ status }) => status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true,
    );
  const behind = (namespace: string, name: string): PodObject[] => {
    const service = object("Service", namespace, name) as ServiceObject | undefined;
    return ready().filter((pod) => pod.metadata.namespace === namespace && selects(service?.spec.selector, pod.metadata.labels));
  };
  const reach = (from: PodObject, host: string): string | undefined => {
    const [service = "", namespace = from.metadata.namespace ?? ""] = host.split(".");
    const pods = /^[\d.]+$/.test(host) ? ready().filter(({ status }) => status?.podIP === host) : behind(namespace, service);
    const open = pods.find((to) => lets(api.all("NetworkPolicy"), from, to));
    return open === undefined ? undefined : pageOf(open);
  };
  const perform = (
    pod: PodObject,
    name: string,
    request: { readonly argv: readonly string[]; readonly stdin?: Readable | undefined; readonly out: (text: string) => void },
  ): Promise<number> => {
    const container = pod.spec.containers.find((one) => one.name === name) as unknown as NodeContainer;
    const given = container.env.flatMap((one): [string, string][] =>
      "value" in one
        ? [[one.name, one.value]]
        : [[one.name, secretOf(pod.metadata.namespace, one.valueFrom.secretKeyRef.name, one.valueFrom.secretKeyRef.key) ?? ""]],
    );
    const own = request.argv[0] === "env" ? request.argv.slice(1, request.argv.indexOf("behave")) : [];
    const variables = own.map((one): [string, string] => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]);
    return behaviour.program(request.argv.slice(request.argv.indexOf("behave")), {
      env: Object.fromEntries([...given, ...variables]),
      stdin: request.stdin,
      out: request.out,
      read: (path) => read(pod, container, path),
      write: (path, text) => write(pod, container, path, text),
      reach: (host) => reach(pod, host),
    });
  };

  const startPod = async (pod: PodObject): Promise<PodObject["status"]> => {
    const key = pod.metadata.uid ?? "";
    const lines = output.get(key) ?? [];
    output.set(key, lines);
    const container = pod.spec.containers[0] as unknown as Container;
    const podIP = pod.status?.podIP ?? `10.244.0.${String((addresses += 1))}`;
    const restarts = pod.status?.containerStatuses?.[0]?.restartCount ?? -1;
    const status = (state: object, more: object = {}) => ({
      phase: "Running" as const,
      podIP,
      conditions: [{ type: "Ready", status: "False" as const }],
      containerStatuses: [
        { name: container.name, image: container.image, ready: false, restartCount: Math.max(0, restarts), state, ...more },
      ],
    });
    const [program, what = ""] = container.command ?? [];
    if (program === "sleep") return status({ running: {} });
    if (ENDED.test(what)) {
      let said = "";
      const exitCode = await perform(pod, container.name, { argv: container.command ?? [], out: (text) => (said += text) });
      lines.push(
        ...said
          .split("\n")
          .filter((line) => line !== "")
          .map(stamp),
      );
      return { ...status({ terminated: { exitCode } }), phase: exitCode === 0 ? "Succeeded" : "Failed" };
    }
    const started = behaviour.start(container);
    if (restarts < 0) lines.push(...started.output.map(stamp));
    if (started.state === "never-ready") return status({ running: {} });
    if (started.state === "crashed") {
      const terminated = { exitCode: started.exitCode };
      return status({ waiting: { reason: "CrashLoopBackOff" } }, { lastState: { terminated }, restartCount: restarts + 1 });
    }
    const running = status({ running: {} }, { ready: true });
    return { ...running, conditions: [{ type: "Ready", status: "True" }] };
  };

  let busy: Promise<void> = Promise.resolve();
  const tick = (): Promise<void> => (busy = busy.then(() => runControllers(api, startPod)));
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
      await tick();
      await turn();
      signal?.throwIfAborted();
    },
  };
  await api.create(resources.Service, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kube-dns", namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
    spec: { clusterIP: "10.96.0.10" },
  });
  const findPod = (namespace: string, name: string): PodObject => {
    const pod = object("Pod", namespace, name) as PodObject | undefined;
    if (pod === undefined) throw new Error(`no pod ${namespace}/${name}`);
    return pod;
  };
  return {
    clock,
    api: {
      ...api,
      list: async (...asked) => {
        await tick(); // whoever looks finds what controllers have done meanwhile
        return api.list(...asked);
      },
      logs: async ({ namespace, pod }, { tail }) => {
        const lines = output.get(findPod(namespace, pod).metadata.uid ?? "") ?? [];
        return Readable.from(lines.slice(-tail).map((line) => `${line}\n`));
      },
      exec: async ({ namespace, pod, container }, { argv, stdin, stdout }) =>
        perform(findPod(namespace, pod), container, { argv, stdin, out: (text) => void stdout?.write(text) }),
      askPod: async ({ namespace, name }) => ({ status: 200, headers: {}, body: pageOf(findPod(namespace, name)) }),
    },
    askService: (namespace, service) => {
      const [pod] = behind(namespace, service);
      return pod === undefined || pod.metadata.labels?.["howdah.dev/role"] !== "serve" ? "503" : pageOf(pod);
    },
    kill: async (namespace, workload) => {
      for (const pod of api.all("Pod") as PodObject[]) {
        if (pod.metadata.namespace !== namespace || pod.metadata.labels?.["howdah.dev/workload"] !== workload) continue;
        await api.replace(
          resources.Pod,
          { ...pod, status: { ...pod.status, containerStatuses: [], conditions: [] } },
          { subresource: "status" },
        );
      }
    },
  };
}

interface PolicySpec {
  readonly podSelector: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly ingress?: readonly {
    readonly from?: readonly {
      readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
      readonly namespaceSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    }[];
  }[];
}

/** Whether policies let one pod connect to another: everybody where none selects it, else whom one of those names. */
function lets(policies: readonly KubeObject[], from: PodObject, to: PodObject): boolean {
  const matches = (selector: Readonly<Record<string, string>> | undefined, labels: Readonly<Record<string, string>> | undefined): boolean =>
    Object.entries(selector ?? {}).every(([key, value]) => labels?.[key] === value);
  const selecting = policies
    .filter(({ metadata }) => metadata.namespace === to.metadata.namespace)
    .map((policy) => policy["spec"] as PolicySpec)
    .filter(({ podSelector }) => matches(podSelector.matchLabels, to.metadata.labels));
  if (selecting.length === 0) return true;
  return selecting
    .flatMap(({ ingress = [] }) => ingress.flatMap(({ from = [] }) => from))
    .some(({ podSelector, namespaceSelector }) => {
      const there = namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"] ?? to.metadata.namespace;
      return from.metadata.namespace === there && matches(podSelector?.matchLabels, from.metadata.labels);
    });
}

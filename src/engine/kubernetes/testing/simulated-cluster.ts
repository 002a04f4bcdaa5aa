import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../../kernel/clock.ts";
import type { KubernetesApi } from "../../../kubernetes/kubernetes-api.ts";
import { resources } from "../../../kubernetes/resources.ts";
import { type MemoryApi, memoryApi } from "../../../kubernetes/testing/memory-api.ts";
import type { Behaviour } from "../../memory/behaviour.ts";
import { mark } from "../marks.ts";
import type { PodObject } from "../views.ts";
import { runControllers } from "./controllers.ts";
import { podsBehind } from "./simulated-network.ts";
import { simulatedNode } from "./simulated-node.ts";

/** An API server in memory with controllers, nodes and a network that do what `behaviour` says. Time passes when somebody waits. */
export interface SimulatedCluster {
  readonly api: KubernetesApi & Pick<MemoryApi, "all" | "writes" | "newest" | "asOf" | "edit">;
  readonly clock: Clock;
  /** `/` of a Service, or the status of a way in that reaches nobody of the site. */
  readonly askService: (namespace: string, service: string) => string;
  /** Its processes end; its containers come back. */
  readonly kill: (namespace: string, workload: string) => Promise<void>;
}

/** Makes a cluster with a name server's Service and nothing else. */
export async function simulatedCluster(behaviour: Behaviour): Promise<SimulatedCluster> {
  let now = Date.parse("2026-11-21T12:00:00Z");
  const api = memoryApi(() => new Date(now).toISOString());
  const node = simulatedNode(api, behaviour, (line) => `${new Date(now++).toISOString().replace("Z", "000000Z")} ${line}`);
  let busy: Promise<void> = Promise.resolve();
  const tick = (): Promise<void> => (busy = busy.then(() => runControllers(api, node.start)));
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
  const metadata = { name: "kube-dns", namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };
  await api.create(resources.Service, { apiVersion: "v1", kind: "Service", metadata, spec: { clusterIP: "10.96.0.10" } });
  const podNamed = (namespace: string, name: string): PodObject => {
    const pod = api.all("Pod").find((one) => one.metadata.namespace === namespace && one.metadata.name === name);
    if (pod === undefined) throw new Error(`no pod ${namespace}/${name}`);
    return pod as PodObject;
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
        const lines = node.log(podNamed(namespace, pod)).slice(-tail);
        return Readable.from(lines.map((line) => `${line}\n`));
      },
      exec: async ({ namespace, pod, container }, { argv, stdin, stdout }) =>
        node.run(podNamed(namespace, pod), container, { argv, stdin, out: (text) => void stdout?.write(text) }),
      askPod: async ({ namespace, name }) => ({ status: 200, headers: {}, body: node.page(podNamed(namespace, name)) }),
    },
    askService: (namespace, service) => {
      const [pod] = podsBehind(api, namespace, service);
      return pod?.metadata.labels?.[mark.role] === "serve" ? node.page(pod) : "503";
    },
    kill: async (namespace, workload) => {
      const pods = (api.all("Pod") as PodObject[]).filter(
        ({ metadata }) => metadata.namespace === namespace && metadata.labels?.[mark.workload] === workload,
      );
      for (const pod of pods) {
        const status = { ...pod.status, containerStatuses: [], conditions: [] };
        await api.replace(resources.Pod, { ...pod, status }, { subresource: "status" });
      }
    },
  };
}

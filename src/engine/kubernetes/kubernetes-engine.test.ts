import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { engineContract } from "../engine-contract.ts";
import { behave } from "../testing/behave.ts";
import { kubernetesEngine } from "./kubernetes-engine.ts";
import { simulatedCluster } from "./testing/simulated-cluster.ts";

/** Lets the namespace's own pods in, and nobody else. */
function fence(namespace: string): KubeObject[] {
  const spec = { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [{ podSelector: {} }] }] };
  return [{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "fence", namespace }, spec }];
}

engineContract("kubernetes, on a simulated cluster,", async () => {
  const cluster = await simulatedCluster(behave);
  let names = 0;
  const engine = kubernetesEngine(
    { prefix: "", trustedProxies: [] },
    {
      api: cluster.api,
      clock: cluster.clock,
      randomName: () => `r${String((names += 1))}`,
      complete: (_namespace, { object }) => [object as unknown as KubeObject],
      fence,
      maintenancePod: () => ({ container: { command: ["behave", "serve", "maintenance"] }, volumes: [], files: { page: "" } }),
    },
  );
  const routeOf = (hostname: string): KubeObject | undefined =>
    cluster.api.all("HTTPRoute").find((route) => (route["spec"] as { hostnames: string[] }).hostnames.includes(hostname));
  return {
    engine,
    image: "test",
    ask: (hostname) => {
      const route = routeOf(hostname);
      return Promise.resolve(route === undefined ? "404" : cluster.askService(route.metadata.namespace ?? "", route.metadata.name));
    },
    kill: async (namespace, workload) => {
      await cluster.kill(namespace, workload);
    },
    show: (namespace) =>
      Promise.resolve(
        JSON.stringify(
          ["Pod", "Deployment", "ConfigMap", "Service", "HTTPRoute"]
            .flatMap((kind) => cluster.api.all(kind))
            .filter(({ metadata }) => metadata.namespace === namespace),
        ),
      ),
    stop: () => Promise.resolve(),
    cluster: { followsMs: 2000, host: (service, namespace) => `${service}.${namespace}` },
  };
});

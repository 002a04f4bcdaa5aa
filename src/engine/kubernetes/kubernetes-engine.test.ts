import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { engineContract } from "../engine-contract.ts";
import { behave } from "../testing/behave.ts";
import { simulatedCluster } from "./testing/simulated-cluster.ts";
import { simulatedEngine } from "./testing/simulated-engine.ts";

engineContract("kubernetes, on a simulated cluster,", async () => {
  const cluster = await simulatedCluster(behave);
  const routeOf = (hostname: string): KubeObject | undefined =>
    cluster.api.all("HTTPRoute").find((route) => (route["spec"] as { hostnames: string[] }).hostnames.includes(hostname));
  return {
    engine: simulatedEngine(cluster),
    image: "test",
    ask: (hostname) => {
      const route = routeOf(hostname);
      return Promise.resolve(route === undefined ? "404" : cluster.askService(route.metadata.namespace ?? "", route.metadata.name));
    },
    kill: (namespace, workload) => cluster.kill(namespace, workload),
    show: (namespace) => {
      const shown = ["Pod", "Deployment", "ConfigMap", "Service", "HTTPRoute"].flatMap((kind) => cluster.api.all(kind));
      return Promise.resolve(JSON.stringify(shown.filter(({ metadata }) => metadata.namespace === namespace)));
    },
    stop: () => Promise.resolve(),
    cluster: { followsMs: 2000, host: (service, namespace) => `${service}.${namespace}` },
  };
});

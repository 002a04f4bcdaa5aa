import type { KubeObject, KubernetesApi } from "../../../kubernetes/kubernetes-api.ts";
import { type KubernetesEngine, kubernetesEngine } from "../kubernetes-engine.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";

let names = 0;

/** The engine on a simulated cluster; `api` stands between when a test wants to disturb it. Objects are taken as they are rendered. */
export function simulatedEngine(cluster: SimulatedCluster, api: KubernetesApi = cluster.api): KubernetesEngine {
  return kubernetesEngine(
    { prefix: "", trustedProxies: [] },
    {
      api,
      clock: cluster.clock,
      randomName: () => `r${String((names += 1))}`,
      complete: (_namespace, { object }) => [object as unknown as KubeObject],
      fence,
      maintenancePod: () => ({ container: { command: ["behave", "serve", "maintenance"] }, volumes: [], files: { page: "" } }),
    },
  );
}

/** Lets the namespace's own pods in, and nobody else. */
function fence(namespace: string): KubeObject[] {
  const spec = { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [{ podSelector: {} }] }] };
  return [{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "fence", namespace }, spec }];
}

/** A process that dies: at its `at`th write, before or after it reaches the server; then every call of it fails. */
export function mortalApi(api: KubernetesApi, at: number, when: "before" | "after"): KubernetesApi & { readonly died: () => boolean } {
  let writes = 0;
  let dead = false;
  const die = (): never => {
    dead = true;
    throw new Error("killed");
  };
  const live =
    <A extends unknown[], R>(call: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> =>
      dead ? die() : call(...given);
  const write = <A extends unknown[], R>(call: (...given: A) => Promise<R>) =>
    live(async (...given: A): Promise<R> => {
      writes += 1;
      if (writes === at && when === "before") die();
      const answer = await call(...given);
      return writes === at ? die() : answer;
    });
  return {
    ...api,
    died: () => dead,
    get: live(api.get),
    list: live(api.list),
    apply: write(api.apply),
    create: write(api.create),
    replace: write(api.replace),
    mergePatch: write(api.mergePatch),
    delete: write(api.delete),
  };
}

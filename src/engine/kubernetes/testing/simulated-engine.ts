import type { KubeObject, KubernetesApi } from "../../../kubernetes/kubernetes-api.ts";
import { type KubernetesEngine, kubernetesEngine } from "../kubernetes-engine.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";

let names = 0;

/** The engine on a simulated cluster; `api` stands between when a test wants to disturb it. Objects are taken as they are rendered. */
export function simulatedEngine(
  cluster: SimulatedCluster,
  api: KubernetesApi = cluster.api,
  routesOf?: (hostname: string) => readonly KubeObject[],
): KubernetesEngine {
  return kubernetesEngine(
    { prefix: "", trustedProxies: [] },
    {
      api,
      clock: cluster.clock,
      randomName: () => `r${String((names += 1))}`,
      complete: (_namespace, { object }) => [object as unknown as KubeObject],
      fence,
      ...(routesOf === undefined ? {} : { routesOf }),
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
  const live = <R>(call: () => Promise<R>): Promise<R> => (dead ? Promise.reject(new Error("killed")) : call());
  const write = <R>(call: () => Promise<R>): Promise<R> =>
    live(async () => {
      writes += 1;
      if (writes === at && when === "before") die();
      const answer = await call();
      return writes === at ? die() : answer;
    });
  return {
    ...api,
    died: () => dead,
    get: (...given) => live(() => api.get(...given)),
    list: (...given) => live(() => api.list(...given)),
    apply: (...given) => write(() => api.apply(...given)),
    create: (...given) => write(() => api.create(...given)),
    replace: (...given) => write(() => api.replace(...given)),
    mergePatch: (...given) => write(() => api.mergePatch(...given)),
    delete: (...given) => write(() => api.delete(...given)),
  };
}

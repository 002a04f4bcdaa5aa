import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { VERSION } from "./cli/version.ts";
import type { ClusterAccess } from "./kubernetes/cluster-access.ts";
import { systemClock } from "./providers/system-clock.ts";
import type { KubernetesApi } from "./kubernetes/kubernetes-api.ts";
import type { Clusters, Ports } from "./workflows/ports.ts";

/** Where a pod finds what its service account may use. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Clusters as the environment names them: `KUBECONFIG`, `~/.kube/config`, or the one that this process runs in. */
export function wireClusters(environment: NodeJS.ProcessEnv): Clusters {
  return {
    connect: async (context) => {
      const { connectCluster } = await import("./kubernetes/create-kubernetes-api.ts");
      return connectCluster({
        access: clusterAccess(environment, context),
        clock: systemClock,
        random: Math.random,
        userAgent: `howdah/${VERSION}`,
      });
    },
    engine: async ({ api }) => (await portsThere(api, "", { needsSettings: true })).engine,
    ports: ({ api }, namespace) => portsThere(api, namespace, { needsSettings: false }),
  };
}

async function portsThere(api: KubernetesApi, namespace: string, how: { readonly needsSettings: boolean }): Promise<Ports> {
  const { readClusterSettings, wireClusterPorts } = await import("./cluster-wiring.ts");
  return wireClusterPorts({ api, ...(await readClusterSettings(api, how)), stateDirectory: "", outside: true })(namespace);
}

/** As kubectl chooses: a named file or context first, then the pod that this runs in, then the file in the home directory. */
export function clusterAccess(environment: NodeJS.ProcessEnv, context: string | undefined): ClusterAccess {
  const named = (environment["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  const [host = "", port = "443"] = [environment["KUBERNETES_SERVICE_HOST"], environment["KUBERNETES_SERVICE_PORT"]];
  if (named.length === 0 && context === undefined && host !== "") return { kind: "in-cluster", host, port, folder: SERVICE_ACCOUNT };
  const files = named.length > 0 ? named : [join(environment["HOME"] ?? homedir(), ".kube", "config")];
  return { kind: "kubeconfig", files, context };
}

import { REGISTRY_PASSWORD, REGISTRY_USER } from "./addons/registry.ts";
import { kubeconfigOf } from "./cluster.ts";
import { keyPair } from "./pki.ts";
import type { Settings } from "./settings.ts";

/** What a test or a shell needs to use the cluster. */
export function clusterEnvironment(settings: Settings): Readonly<Record<string, string>> {
  return {
    KUBECONFIG: kubeconfigOf(settings),
    HOWDAH_CLUSTER_REGISTRY: settings.registryHost,
    HOWDAH_CLUSTER_REGISTRY_USER: REGISTRY_USER,
    HOWDAH_CLUSTER_REGISTRY_PASSWORD: REGISTRY_PASSWORD,
    HOWDAH_CLUSTER_REGISTRY_AUTH: `${settings.directory}/registry/auth.json`,
    HOWDAH_CLUSTER_CA: keyPair(settings, "ca").cert,
    HOWDAH_CLUSTER_BIN: `${settings.directory}/bin`,
  };
}

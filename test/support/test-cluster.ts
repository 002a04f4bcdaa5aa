import { type ConnectedCluster, connectCluster } from "../../src/kubernetes/create-kubernetes-api.ts";
import type { Cluster } from "../cluster/addon.ts";
import { connect, createWorkshop, kubeconfigOf } from "../cluster/cluster.ts";
import { settingsOf } from "../cluster/settings.ts";
import { systemClock } from "./system-clock.ts";

/** The test cluster that `npm run cluster -- start` has started, for tests of itself and for those that cut nodes off. */
export function runningCluster(): Cluster {
  return connect(createWorkshop(settingsOf(), () => undefined));
}

/** Our own client of a cluster, as its administrator. `more`: what a test has otherwise, such as another access or rate. */
export function connectAdmin(kubeconfig: string, more: Partial<Parameters<typeof connectCluster>[0]> = {}): Promise<ConnectedCluster> {
  const access = { kind: "kubeconfig", files: [kubeconfig], context: undefined } as const;
  return connectCluster({ access, clock: systemClock, random: Math.random, userAgent: "howdah/test", ...more });
}

/**
 * Takes namespaces away with all that is in them, and waits for that. Nobody visits their pods any more: they need not serve on before they
 * stop, as those of sites would for 15 to 20 s.
 */
export async function removeNamespaces({ kubectl }: Pick<Cluster, "kubectl">, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await kubectl(["delete", "namespace", name, "--ignore-not-found", "--wait=false"]);
    await kubectl(["delete", "pods", "--all", "--namespace", name, "--grace-period=1", "--wait=false"]);
  }
  for (const name of names) await kubectl(["wait", "--for=delete", `namespace/${name}`, "--timeout=180s"]);
}

/** Why tests that need the test cluster can't run; undefined when it answers. */
export async function whyNoCluster(): Promise<string | undefined> {
  const answers = await runningCluster()
    .kubectl(["get", "--raw=/readyz"], { timeoutMs: 10_000 })
    .catch(() => undefined);
  return answers === undefined ? `no test cluster runs (${kubeconfigOf(settingsOf())}): npm run cluster -- start` : undefined;
}

import type { Cluster } from "../cluster/addon.ts";
import { connect, createWorkshop, kubeconfigOf } from "../cluster/cluster.ts";
import { settingsOf } from "../cluster/settings.ts";

/** The test cluster that `npm run cluster -- start` has started, for tests of itself and for those that cut nodes off. */
export function runningCluster(): Cluster {
  return connect(createWorkshop(settingsOf(), () => undefined));
}

/** Why tests that need the test cluster can't run; undefined when it answers. */
export async function whyNoCluster(): Promise<string | undefined> {
  const answers = await runningCluster()
    .kubectl(["get", "--raw=/readyz"], { timeoutMs: 10_000 })
    .catch(() => undefined);
  return answers === undefined ? `no test cluster runs (${kubeconfigOf(settingsOf())}): npm run cluster -- start` : undefined;
}

import type { Cluster } from "./addon.ts";

/** Waits until a Deployment, DaemonSet or StatefulSet (`deployment/coredns`) has rolled out; the error tells what its pods are waiting for. */
export async function untilAvailable(cluster: Cluster, namespace: string, workload: string): Promise<void> {
  const rolled = await cluster.kubectl(["rollout", "status", "--namespace", namespace, "--timeout=180s", workload], { accept: "any" });
  if (rolled.code === 0) return;
  const events = await cluster.kubectl(["get", "events", "--namespace", namespace, "--sort-by=.lastTimestamp"], { accept: "any" });
  throw new Error(`${workload} is not available after 3 minutes: ${rolled.stderr}\n${events.stdout.split("\n").slice(-15).join("\n")}`);
}

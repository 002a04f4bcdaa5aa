import type { EdgePorts } from "./edge-ports.ts";
import { isShuttingDown, nginxMaster, workersOf } from "./nginx-processes.ts";

const POLL_MS = 50;

/**
 * Waits until no process of the edge is left that still knows former pods: after a reload nginx' old processes finish what they began,
 * and an upload that arrives slowly is only passed on when it is whole. Answers false when that takes longer than `patienceMs`
 * (a download of hours): what is left then is up to the pods' own grace.
 */
export async function edgeDrained(ports: Pick<EdgePorts, "podman" | "names" | "clock">, patienceMs: number): Promise<boolean> {
  const [edge] = await ports.podman.inspect([ports.names.edge]);
  if (edge === undefined || edge.pid === 0) return true;
  const master = await nginxMaster(edge.pid);
  const until = ports.clock.now() + patienceMs;
  for (;;) {
    const ending = await Promise.all([...(await workersOf(master))].map(isShuttingDown));
    if (!ending.some(Boolean)) return true;
    if (ports.clock.now() >= until) return false;
    await ports.clock.sleep(POLL_MS);
  }
}

import { resources } from "../kubernetes/resources.ts";
import { endRetention } from "../workflows/cluster/kept-databases.ts";
import type { OperatorPorts } from "./operator-ports.ts";

/** Retention is counted in days: an hour late does not matter. Milliseconds. */
const PERIOD_MS = 3_600_000;
/** An operator that is started anew each hour ends retentions, too. */
const FIRST_MS = 900_000;

/** Drops databases of deleted namespaces when their retention ends, while this operator leads. What fails (a server that is away) is tried an hour later. */
export async function watchRetention(
  { ports, clock }: { readonly ports: OperatorPorts; readonly clock: OperatorPorts["clock"] },
  signal: AbortSignal,
): Promise<void> {
  const { api, log, ownNamespace } = ports;
  const isThere = async (name: string): Promise<boolean> =>
    (await api.get({ resource: resources.Namespace, namespace: undefined, name }, signal)) !== undefined;
  for (let pause = FIRST_MS; !signal.aborted; pause = PERIOD_MS) {
    await clock.sleep(pause, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const { purged, failed } = await endRetention(ports.portsFor(ownNamespace), isThere, { emit: () => undefined, signal });
      for (const namespace of purged) log("info", "database of a deleted namespace dropped after its retention", { namespace });
      for (const { name, error } of failed) log("warn", "database of a deleted namespace could not be dropped", { namespace: name, error });
    } catch (error) {
      log("warn", "databases of deleted namespaces could not be looked at", {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

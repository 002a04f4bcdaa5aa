import type { Clock } from "../../kernel/clock.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Ports } from "../../workflows/ports.ts";
import { serverReference } from "../../workflows/up/database-server.ts";
import { OWN_SERVERS } from "../../workflows/up/choose-server.ts";
import { siteDatabases } from "../database-server/databases-on.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { TENANT_LABEL } from "./tenant-objects.ts";

/** One connection to each server in that time. Milliseconds. */
const PERIOD_MS = 60_000;

type DatabaseUse = Awaited<ReturnType<Ports["databases"]["usage"]>>[number];

/** What a site's database user did, and whose site it is. */
interface CountedUse {
  readonly tenant: string;
  readonly namespace: string;
  readonly use: DatabaseUse;
}

/**
 * Asks the database servers that the operator runs once a minute what each site's user does, for its metrics. CPU and memory of pods every cluster counts by
 * namespace already; what statements cost only the database knows. A server that is away has no figures meanwhile.
 */
export async function countUse(
  { ports, known, clock }: { readonly ports: OperatorPorts; readonly known: OperatorPorts; readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  const { metrics } = ports;
  if (metrics === undefined) return;
  let counted: readonly CountedUse[] = [];
  const series = (name: Parameters<typeof metrics.series>[0], value: (use: DatabaseUse) => number): void => {
    metrics.series(name, () => counted.map(({ tenant, namespace, use }) => ({ labels: { tenant, namespace }, value: value(use) })));
  };
  series("howdah_site_database_connections", ({ connections }) => connections);
  series("howdah_site_database_queries_total", ({ queries }) => queries);
  series("howdah_site_database_cpu_seconds_total", ({ cpuSeconds }) => cpuSeconds);
  while (!signal.aborted) {
    counted = await lookAt(ports, known, signal).catch(() => []);
    await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
  }
  counted = [];
}

async function lookAt(ports: OperatorPorts, known: OperatorPorts, signal: AbortSignal): Promise<readonly CountedUse[]> {
  const byServer = Map.groupBy(await siteDatabases(known, signal), ({ server }) => server);
  const wired = ports.portsFor(SYSTEM_NAMESPACE);
  const found: CountedUse[] = [];
  for (const [server, sites] of byServer) {
    // One outside may be somebody else's business, whose counters nobody asked us to turn on.
    const kind = server.startsWith(OWN_SERVERS)
      ? undefined
      : (await known.portsFor(SYSTEM_NAMESPACE).databaseServers.get(server))?.spec.kind;
    if (kind === "external") continue;
    const users = await wired.databases.usage(serverReference(server, wired)).catch(() => []);
    const uses = new Map(users.map((use) => [use.user, use]));
    for (const { namespace, user } of sites) {
      const use = uses.get(user);
      const space = await known.api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
      if (use !== undefined) found.push({ tenant: space?.metadata.labels?.[TENANT_LABEL] ?? "", namespace, use });
    }
  }
  return found;
}

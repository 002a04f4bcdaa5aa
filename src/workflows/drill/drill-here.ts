import type { EngineContext } from "../../engine/engine.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { DATABASE_CONTAINER } from "../../render/database/database-name.ts";
import type { Ports, SiteRecord } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import type { DrilledServer } from "./choose-server.ts";
import { type DatabaseDrill, drillDatabase } from "./drill-database.ts";
import { drillEdge, type EdgeDrill } from "./drill-edge.ts";
import type { DrillOptions } from "./drill-place.ts";
import type { DrillPorts } from "./drill-ports.ts";
import { signalPlace } from "./signal-place.ts";
import type { LoadClients } from "./write-load.ts";

type DrillHere = Ports & { readonly drills: DrillPorts };

/** A server that was killed recovers its log first. */
const WHOLE_MS = 180_000;
const VISIT_MS = 10_000;

/** Drills a database server of this machine, which the agent and podman bring back. */
export async function drillServer(
  server: DrilledServer,
  options: DrillOptions & { readonly clients: LoadClients },
  ports: DrillHere,
  context: EngineContext,
): Promise<DatabaseDrill> {
  await ports.agent.ensureRunning();
  const reference = serverReference(server.name, ports);
  const target = { namespace: SYSTEM_NAMESPACE, workload: server.name, container: DATABASE_CONTAINER };
  const place = signalPlace(server.name, target, ports.drills, async (signal) => {
    await ports.databases.waitReady(reference, { timeoutMs: WHOLE_MS, signal });
  });
  return await drillDatabase(place, () => ports.drills.scratchDatabase(reference), options, { ...context, clock: ports.clock });
}

/** Drills the way in of this machine with requests for a site's first page. */
export async function drillWayIn(
  record: SiteRecord,
  options: DrillOptions & { readonly clients: number },
  ports: DrillHere,
  context: EngineContext,
): Promise<EdgeDrill> {
  await ports.agent.ensureRunning();
  const { hostname, port } = new URL(record.url);
  const { bind, httpPort } = ports.settings;
  const connect = { address: bind === "0.0.0.0" ? "127.0.0.1" : bind, port: port === "" ? httpPort : Number(port) };
  const host = port === "" ? hostname : `${hostname}:${port}`;
  const visit = async (): Promise<number> => (await ports.http.get(record.url, { host, connect, timeoutMs: VISIT_MS })).status;
  const place = signalPlace("the way in", "edge", ports.drills, async () => await Promise.resolve());
  return await drillEdge(place, visit, options, { ...context, clock: ports.clock });
}

import { recoverMove } from "../database-move/settle-move.ts";
import { forgetWatch } from "../watch/watch-record.ts";
import type { EngineContext, Ports, RetainedData, SiteRecord } from "../ports.ts";
import { refuseEnvironment } from "../environment/refuse-environment.ts";
import { closeWayToDatabase } from "./close-way-to-database.ts";

/** What destroying a site deletes now, and what is kept until later: shown before anybody says yes. */
export interface DestroyPlan {
  readonly deletes: readonly string[];
  readonly keeps: readonly string[];
  readonly keptUntil: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

async function retainedOf(record: SiteRecord, ports: Ports): Promise<RetainedData> {
  const { volumes } = await ports.engine.observe(record.namespace);
  const now = ports.clock.now();
  return {
    namespace: record.namespace,
    record,
    volumes: volumes.map((volume) => volume.claim),
    destroyedAt: new Date(now).toISOString(),
    keptUntil: new Date(now + ports.settings.retentionDays * DAY_MS).toISOString(),
  };
}

/** Names everything before anything happens. */
export async function planDestroy(record: SiteRecord, ports: Ports): Promise<DestroyPlan> {
  refuseEnvironment(record, "nothing of it is worth keeping for a while", `\`howdah env delete ${record.namespace}\` takes it away.`);
  const retained = await retainedOf(record, ports);
  const { workloads, routes } = await ports.engine.observe(record.namespace);
  return {
    deletes: [
      ...workloads.map((workload) => `${workload.kind} ${workload.name}`),
      ...routes.flatMap((route) => route.hostnames.map((hostname) => `hostname ${hostname}`)),
    ],
    keeps: [
      ...retained.volumes.map((volume) => `volume ${volume}`),
      ...(record.database === null ? [] : [`database ${record.database.name}`]),
      "generated secrets",
    ],
    keptUntil: retained.keptUntil,
  };
}

/** Takes a site away. Data (volumes, database, secrets) stays until the retention ends; `howdah up` of the same site before then has it all back. */
export async function destroySite(record: SiteRecord, ports: Ports, context: EngineContext): Promise<RetainedData> {
  return ports.locks.hold(record.namespace, "destroy", async () => {
    // The record says on which server the data is.
    const moved = await recoverMove(record.namespace, ports, context);
    const now = moved === undefined ? record : ((await ports.records.get(record.namespace)) ?? record);
    return await destroyNow(now, ports, context);
  });
}

async function destroyNow(record: SiteRecord, ports: Ports, context: EngineContext): Promise<RetainedData> {
  const retained = await retainedOf(record, ports);
  await ports.retained.put(record.namespace, retained);
  // Pods first: a query that runs when its network goes would keep its program waiting until it is killed.
  await ports.engine.scaleDown(record.namespace, context);
  if (record.database !== null) await closeWayToDatabase(record.database.server, record.namespace, ports, context);
  await ports.engine.remove(record.namespace, context);
  await ports.records.remove(record.namespace);
  await ports.rollouts.remove(record.namespace);
  await forgetWatch(record.namespace, ports);
  // Without sites nothing of ours should hold a port. One that comes up for the first time has a journal only.
  const others = await Promise.all([ports.records.list(), ports.rollouts.list()]);
  if (others.every((some) => some.length === 0)) await ports.edge.remove();
  return retained;
}

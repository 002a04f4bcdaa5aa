import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports, RetainedData, SiteRecord } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";

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
    const retained = await retainedOf(record, ports);
    await ports.retained.put(record.namespace, retained);
    await ports.engine.remove(record.namespace, context);
    await ports.records.remove(record.namespace);
    // Without sites nothing of ours should hold a port.
    if ((await ports.records.list()).length === 0) await ports.edge.remove();
    return retained;
  });
}

/** Deletes a destroyed site's data for good: volumes, database and secrets. Never called for a site that runs. */
export async function purgeData(retained: RetainedData, ports: Ports): Promise<void> {
  await ports.locks.hold(retained.namespace, "purge", async () => {
    if ((await ports.records.get(retained.namespace)) !== undefined) return;
    for (const volume of retained.volumes) await ports.engine.deleteVolume(retained.namespace, volume);
    await dropDatabase(retained, ports);
    for (const { name } of await ports.secrets.list(retained.namespace)) await ports.secrets.remove(retained.namespace, name);
    await ports.retained.remove(retained.namespace);
  });
}

async function dropDatabase({ record: { database } }: RetainedData, ports: Ports): Promise<void> {
  if (database === null) return;
  const server = serverReference(database.server, ports);
  if ((await server.locate()) === undefined)
    throw new HowdahError("database/unreachable", `${database.server} does not run, so the database ${database.name} can't be deleted yet`);
  await ports.databases.dropDatabase({ server, name: database.name, user: database.user, uid: database.uid });
}

/** Purges everything whose retention has ended; the agent calls it now and then. Answers the names. */
export async function purgeExpired(ports: Ports): Promise<readonly string[]> {
  const now = ports.clock.now();
  const expired = (await ports.retained.list()).filter((retained) => Date.parse(retained.keptUntil) <= now);
  for (const retained of expired) await purgeData(retained, ports);
  return expired.map((retained) => retained.namespace);
}

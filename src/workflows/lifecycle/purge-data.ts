import { rm } from "node:fs/promises";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { dropFormersOf } from "../database-move/former-databases.ts";
import { forgetDatasets } from "../dataset/forget-datasets.ts";
import { safetyDirectory } from "../database/safety-dumps.ts";
import type { EngineContext, Ports, RetainedData } from "../ports.ts";
import { forgetReleases } from "../release/release-store.ts";
import { ownPlaceOf, serverReference } from "../up/database-server.ts";

/**
 * Deletes a destroyed site's data for good: database, volumes, secrets, dumps from before imports. Never for a site that runs again:
 * then it answers false and touches nothing. Errors: database/unreachable before anything is deleted.
 */
export async function purgeData(
  namespace: string,
  ports: Ports,
  context: EngineContext,
  due: (retained: RetainedData) => boolean = () => true,
): Promise<boolean> {
  return ports.locks.hold(namespace, "purge", async () => {
    // Read again now that nobody else can change it: the site may be back, or have been destroyed anew.
    const retained = await ports.retained.get(namespace);
    if (retained === undefined || !due(retained) || (await ports.records.get(namespace)) !== undefined) return false;
    const { database } = retained.record;
    const lost = database !== null && (await isServerLost(database.server, ports));
    if (!lost) await dropDatabase(retained, ports);
    await dropFormersOf(namespace, ports, (server) => isServerLost(server, ports));
    for (const claim of await claimsOf(retained, ports)) await ports.engine.deleteVolume(namespace, claim);
    await ports.engine.forget(namespace);
    for (const { name } of await ports.secrets.list(namespace)) await ports.secrets.remove(namespace, name);
    await rm(safetyDirectory(retained.record, ports), { recursive: true, force: true });
    await ports.migrations.remove(retained.namespace);
    await forgetReleases(namespace, ports);
    await ports.backups?.schedules.remove(namespace); // its backups stay
    await forgetDatasets(namespace, ports);
    await ports.retained.remove(namespace);
    if (lost) await forgetLostServer(database.server, ports);
    await restDatabaseServers(ports, context);
    return true;
  });
}

/** The volumes that there were, and the claims of those that somebody has removed since. */
async function claimsOf({ namespace, volumes }: RetainedData, ports: Ports): Promise<ReadonlySet<string>> {
  const { objects } = await ports.engine.inventory(namespace);
  const applied = [...objects.keys()].filter((key) => key.startsWith(CLAIM)).map((key) => key.slice(CLAIM.length));
  return new Set([...volumes, ...applied]);
}

const CLAIM = "PersistentVolumeClaim/";

/** True when somebody has removed a database server's volume, which is named like the server: there is nothing left to delete in it. */
async function isServerLost(server: string, ports: Ports): Promise<boolean> {
  const { objects } = await ports.engine.inventory(SYSTEM_NAMESPACE);
  if (!objects.has(`${CLAIM}${server}`)) return false;
  const { volumes } = await ports.engine.observe(SYSTEM_NAMESPACE);
  return !volumes.some(({ claim }) => claim === server);
}

/** When the last site of a lost server is purged, everybody has accepted the loss: the next `up` starts the server with an empty volume. */
async function forgetLostServer(server: string, ports: Ports): Promise<void> {
  const known = [...(await ports.records.list()), ...(await ports.retained.list()).map(({ record }) => record)];
  if (known.some(({ database }) => database?.server === server)) return;
  await ports.locks.hold(SYSTEM_NAMESPACE, "purge", () => ports.engine.deleteVolume(SYSTEM_NAMESPACE, server));
}

/** Without any site, running or kept, the shared servers go, with their network and its rules; their volumes stay, and the next `up` makes them again. */
async function restDatabaseServers(ports: Ports, context: EngineContext): Promise<void> {
  await ports.locks.hold(SYSTEM_NAMESPACE, "purge", async () => {
    // a first `up` has no record before its database is there, but a journal
    const sites = await Promise.all([ports.records.list(), ports.retained.list(), ports.rollouts.list()]);
    if (sites.some((some) => some.length > 0) || !(await ports.engine.namespaces()).includes(SYSTEM_NAMESPACE)) return;
    await ports.engine.remove(SYSTEM_NAMESPACE, context);
  });
}

async function dropDatabase({ record: { database } }: RetainedData, ports: Ports): Promise<void> {
  if (database === null || ownPlaceOf(database.server) !== undefined) return; // its files go with its volume
  const server = serverReference(database.server, ports);
  if ((await server.locate()) === undefined)
    throw new HowdahError("database/unreachable", `${database.server} does not run, so the database ${database.name} can't be deleted yet`);
  await ports.databases.dropDatabase({ server, name: database.name, user: database.user, uid: database.uid });
}

/** What a round of purging did: names of sites whose data is gone, and of those that have to wait, with the reason. */
export interface Purged {
  readonly purged: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

/** Purges everything whose retention has ended; the agent calls it now and then. One site that can't be purged holds up no other. */
export async function purgeExpired(ports: Ports, context: EngineContext): Promise<Purged> {
  const expired = (retained: RetainedData): boolean => Date.parse(retained.keptUntil) <= ports.clock.now();
  const purged: string[] = [];
  const failed: { name: string; error: string }[] = [];
  for (const { namespace } of (await ports.retained.list()).filter(expired)) {
    try {
      if (await purgeData(namespace, ports, context, expired)) purged.push(namespace);
    } catch (error) {
      failed.push({ name: namespace, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return { purged, failed };
}

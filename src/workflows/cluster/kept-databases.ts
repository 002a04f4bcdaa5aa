import { HowdahError } from "../../kernel/howdah-error.ts";
import { DATABASE_SECRET, SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import { dropAllDumpsBesideData } from "../database/dumps-beside-data.ts";
import { isExternal } from "../database-server/database-server-document.ts";
import { isRouted } from "../database-server/routed-server.ts";
import { closeWayToDatabase } from "../lifecycle/close-way-to-database.ts";
import type { Purged } from "../lifecycle/purge-data.ts";
import type { EngineContext, KeptDatabase, KeptDatabases, NamedDatabase, Ports } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import { PRODUCTION } from "./cluster-place.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const SERVER = "StatefulSet/";

/**
 * The databases that have a namespace's name, on every server of the cluster. Errors: those of the database server, also of one that rests; with `missed`
 * that is told instead, and what others have is answered.
 */
export async function databasesNamed(
  namespace: string,
  ports: Ports,
  missed?: (server: string, error: HowdahError) => void,
): Promise<readonly NamedDatabase[]> {
  const { objects } = await ports.engine.inventory(SYSTEM_NAMESPACE);
  const servers = [...objects.keys()].filter((key) => key.startsWith(SERVER)).map((key) => key.slice(SERVER.length));
  const others = (await ports.databaseServers.list()).filter((one) => isExternal(one) || isRouted(one)).map(({ name }) => name);
  const found: NamedDatabase[] = [];
  for (const server of [...servers, ...others].toSorted()) {
    try {
      const database = await ports.databases.findDatabase(serverReference(server, ports), { site: namespace, environment: PRODUCTION });
      if (database !== undefined) found.push({ server, ...database });
    } catch (error) {
      if (missed === undefined || !(error instanceof HowdahError)) throw error;
      missed(server, error);
    }
  }
  return found;
}

/**
 * Writes down the databases of an environment that goes: they lie outside of its namespace, whose secrets may be gone before anybody could ask for them.
 * Where the namespace goes with it (`isGoing`) their retention begins, else when `endRetention` sees that it is gone. Answers until when they are kept;
 * null while nobody knows, and when there are none. Called again it changes nothing. Errors: those of `databasesNamed` that `missed` is not told.
 */
export async function keepDatabases(
  namespace: string,
  isGoing: boolean,
  ports: Ports,
  missed?: (server: string, error: HowdahError) => void,
): Promise<string | null> {
  const store = ports.keptDatabases;
  if (store === undefined) return null;
  const kept = (await store.get(namespace))?.databases ?? [];
  const found = await databasesNamed(namespace, ports, missed);
  const tenant = await store.tenantOf(namespace);
  const now = found.map((one): KeptDatabase => {
    const known = kept.find(({ server, uid }) => server === one.server && uid === one.uid);
    const isKept = known?.keptUntil != null && Date.parse(known.keptUntil) > ports.clock.now();
    return { ...one, tenant: known?.tenant ?? tenant, keptUntil: isGoing && !isKept ? fromNow(ports) : (known?.keptUntil ?? null) };
  });
  const others = kept.filter(({ server }) => !now.some((one) => one.server === server));
  if (now.length > 0) await store.put(namespace, { namespace, databases: [...others, ...now] });
  return now[0]?.keptUntil ?? null;
}

function fromNow({ clock, settings }: Ports): string {
  return new Date(clock.now() + settings.retentionDays * DAY_MS).toISOString();
}

/**
 * Gives an environment the database that a former one of its name left on this server, if both are of one tenant: its new secret gets the identity of
 * that database, before one is made up. Answers whether it did; `forgetGiven` follows when the database was taken.
 */
export async function giveBack(namespace: string, server: string, ports: Ports): Promise<boolean> {
  const kept = await ports.keptDatabases?.get(namespace);
  const database = kept?.databases.find((one) => one.server === server);
  if (database === undefined || database.tenant !== (await ports.keptDatabases?.tenantOf(namespace))) return false;
  const uid = (await ports.secrets.get(namespace, DATABASE_SECRET))?.["uid"]?.reveal();
  if (uid === undefined) await ports.secrets.set(namespace, DATABASE_SECRET, { uid: new Secret(database.uid, `${DATABASE_SECRET}/uid`) });
  return uid === undefined || uid === database.uid;
}

/** Ends the retention of what an environment has back. What lies on other servers is kept on. */
export async function forgetGiven(namespace: string, server: string, ports: Ports): Promise<void> {
  const kept = await ports.keptDatabases?.get(namespace);
  if (kept === undefined) return;
  await putRest(
    namespace,
    kept.databases.filter((one) => one.server !== server),
    ports,
  );
}

async function putRest(namespace: string, databases: KeptDatabases["databases"], { keptDatabases }: Ports): Promise<void> {
  if (databases.length === 0) await keptDatabases?.remove(namespace);
  else await keptDatabases?.put(namespace, { namespace, databases });
}

/**
 * Drops databases with their users, their dumps and the way to them, for good: each database last, since by it the next call finds the rest of what a
 * killed one left. One that has another identity by now is somebody's: it stays.
 */
export async function dropDatabases(
  namespace: string,
  databases: readonly NamedDatabase[],
  ports: Ports,
  context: EngineContext,
): Promise<void> {
  for (const { server, name, user, uid } of databases) {
    const there = { server: serverReference(server, ports), name, user, uid };
    const found = await ports.databases.findDatabase(there.server, { site: namespace, environment: PRODUCTION });
    if (found !== undefined && found.uid !== uid) continue;
    const document = await ports.databaseServers.get(server);
    if (document === undefined || !isExternal(document)) {
      if (document?.spec.kind !== "galera") await dropAllDumpsBesideData({ namespace, server }, ports, context);
      await closeWayToDatabase(server, namespace, ports, context);
    }
    await ports.databases.dropDatabase(there);
  }
}

/**
 * Begins the retention of databases whose namespace is gone, or another tenant's by now, and drops those whose retention has ended. While a namespace of
 * that name and tenant is there (`isThere`) its data is a person's to delete, also what it has not taken back. One that can't be dropped now holds up no
 * other.
 */
export async function endRetention(
  ports: Ports,
  isThere: (namespace: string) => Promise<boolean>,
  context: EngineContext,
): Promise<Purged> {
  const purged: string[] = [];
  const failed: { name: string; error: string }[] = [];
  for (const kept of (await ports.keptDatabases?.list()) ?? []) {
    const { namespace } = kept;
    try {
      const { ended, orphans } = await dueOf(kept, ports, isThere);
      if (ended.length + orphans.length === 0) continue;
      const dropped = await ports.locks.hold(namespace, "retention", async () => {
        const current = await ports.keptDatabases?.get(namespace); // it may have been given back meanwhile
        if (current === undefined) return false;
        const due = await dueOf(current, ports, isThere);
        await dropDatabases(namespace, due.ended, ports, context);
        const rest = current.databases.filter((one) => !due.ended.includes(one));
        const keptUntil = fromNow(ports);
        await putRest(
          namespace,
          rest.map((one) => (due.orphans.includes(one) ? { ...one, keptUntil } : one)),
          ports,
        );
        return due.ended.length > 0;
      });
      if (dropped) purged.push(namespace);
    } catch (error) {
      failed.push({ name: namespace, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return { purged, failed };
}

/** `ended`: to be dropped now. `orphans`: their retention begins now. */
async function dueOf(
  { namespace, databases }: KeptDatabases,
  ports: Ports,
  isThere: (namespace: string) => Promise<boolean>,
): Promise<{ readonly ended: readonly KeptDatabase[]; readonly orphans: readonly KeptDatabase[] }> {
  const [there, tenant] = await Promise.all([isThere(namespace), ports.keptDatabases?.tenantOf(namespace)]);
  const left = databases.filter((one) => !there || one.tenant !== tenant);
  return {
    ended: left.filter(({ keptUntil }) => keptUntil !== null && Date.parse(keptUntil) <= ports.clock.now()),
    orphans: left.filter(({ keptUntil }) => keptUntil === null),
  };
}

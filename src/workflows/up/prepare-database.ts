import { applyPlan } from "../../apply/apply-plan.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { Inventory } from "../../plan/inventory.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { Step } from "../../plan/step.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import { renderDatabaseAccess } from "../../render/database/render-database-access.ts";
import { renderDatabaseServer } from "../../render/database/render-database-server.ts";
import type { Rendered } from "../../render/objects.ts";
import { rendered } from "../../render/rendered.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports, SiteDatabase } from "../ports.ts";
import { serverOfVersion, serverReference } from "./database-server.ts";
import type { PreparedBases } from "./prepare-images.ts";

/** How a site reaches its database, with the Secret for its pods. */
export interface PreparedDatabase extends SiteDatabase {
  readonly secret: { readonly password: Secret; readonly url: Secret };
}

/** One server for all sites of a version, on a machine whose size is not known yet: sizing by measurement comes later. */
const SERVER_MEMORY_BYTES = 1024 ** 3;

/** A server starts in seconds, but its first start makes the data directory, and recovery after a crash takes its time. */
const SERVER_PATIENCE_MS = 300_000;

/** A server that is well answers in milliseconds. */
const FIRST_ANSWER_MS = 5000;

/** How long a server that was ready already may be silent. */
const ANSWER_PATIENCE_MS = 45_000;

/** Objects of one server and this site's way to it: other servers, and the ways of other sites, are not this plan's business. */
function ofServer(inventory: Inventory, server: string, namespace: string): Inventory {
  const own = [...inventory.objects].filter(([key]) => {
    const name = key.slice(key.indexOf("/") + 1);
    return name === server || name === `${server}-from-${namespace}`;
  });
  return { namespace: inventory.namespace, objects: new Map(own), ...(inventory.edited === undefined ? {} : { edited: inventory.edited }) };
}

/** Whose database it is, and what its server runs on. */
export interface DatabasePlace extends Pick<PreparedBases, "database"> {
  /** The site's own; its name is the database's, since a cluster may have several sites of one name. */
  readonly namespace: string;
}

type WantedServer = { readonly site: Site; readonly namespace: string; readonly image: string };

/** Makes sure that the shared server of the site's version runs, that the site may reach it, and that the site has its own database and user there. */
export async function prepareDatabase(
  site: Site,
  { database: image, namespace }: DatabasePlace,
  ports: Ports,
  context: EngineContext,
): Promise<PreparedDatabase> {
  const wanted = site.database;
  if (wanted === null || image === null) throw new TypeError("a site without a database has none to prepare");
  const name = databaseServerName(wanted.version);
  const server = serverOfVersion(wanted.version, ports);
  const run: WantedServer = { site, namespace, image };
  if (!(await isInPlace(run, ports))) await bringUpServer(run, ports, context);
  await ports.databases.waitReady(server, { timeoutMs: SERVER_PATIENCE_MS, signal: context.signal });
  const access = await ports.databases.ensureDatabase({
    server,
    site: namespace,
    environment: site.environment,
    namespace,
    charset: wanted.charset,
    collation: wanted.collation,
  });
  const { host, port, user, uid, password, url } = access;
  return { server: name, host, port, name: access.name, user, uid, secret: { password, url } };
}

/** The server as it should be, and this site's way to it. */
async function desiredServer({ site, namespace, image }: WantedServer, ports: Ports): Promise<readonly Rendered[]> {
  if (site.database === null) return [];
  const name = databaseServerName(site.database.version);
  const secretDigest = await ports.engine.putSecret(SYSTEM_NAMESPACE, name, await ports.databases.adminSecret(name));
  return [
    ...renderDatabaseServer({ version: site.database.version, image, memoryBytes: SERVER_MEMORY_BYTES, secretDigest }),
    renderDatabaseAccess(site.database.version, namespace),
  ].map((object) => rendered(object));
}

async function serverSteps({ site, namespace }: WantedServer, desired: readonly Rendered[], ports: Ports): Promise<readonly Step[]> {
  const name = databaseServerName(site.database?.version ?? "");
  return planObjects(desired, ofServer(await ports.engine.inventory(SYSTEM_NAMESPACE, desired), name, namespace));
}

/** True when nothing of the server is to be changed and it answers: an ordinary deploy. Asked without a lock, since nothing is done. */
async function isInPlace(run: WantedServer, ports: Ports): Promise<boolean> {
  const name = databaseServerName(run.site.database?.version ?? "");
  const [steps, inventory, address] = [
    await serverSteps(run, await desiredServer(run, ports), ports),
    await ports.engine.inventory(SYSTEM_NAMESPACE),
    await ports.engine.locate(SYSTEM_NAMESPACE, name),
  ];
  if (steps.length > 0 || inventory.down === true || address === undefined) return false;
  const asked = ports.databases.waitReady(serverReference(name, ports), { timeoutMs: 0, signal: AbortSignal.timeout(FIRST_ANSWER_MS) });
  return asked.then(
    () => true,
    () => false,
  );
}

async function bringUpServer(run: WantedServer, ports: Ports, context: EngineContext): Promise<void> {
  const name = databaseServerName(run.site.database?.version ?? "");
  // One that was ready and answers nobody now won't by being waited for: said in a minute, not after the half hour that a start may take.
  const { pods } = await ports.engine.observe(SYSTEM_NAMESPACE);
  if (pods.some((pod) => pod.workload === name && pod.ready))
    await ports.databases.waitReady(serverReference(name, ports), { timeoutMs: ANSWER_PATIENCE_MS, signal: context.signal });
  await ports.locks.hold(SYSTEM_NAMESPACE, "up", async () => {
    await ports.engine.prepare(SYSTEM_NAMESPACE, context);
    const steps = await serverSteps(run, await desiredServer(run, ports), ports);
    await applyPlan(SYSTEM_NAMESPACE, steps, ports.engine, context);
    await ports.engine.scaleUp(SYSTEM_NAMESPACE, context);
  });
}

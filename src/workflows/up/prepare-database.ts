import { applyPlan } from "../../apply/apply-plan.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { Inventory } from "../../plan/inventory.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import { renderDatabaseAccess } from "../../render/database/render-database-access.ts";
import { renderDatabaseServer } from "../../render/database/render-database-server.ts";
import { rendered } from "../../render/rendered.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { serverOfVersion } from "./database-server.ts";
import type { PreparedImages } from "./prepare-images.ts";

/** How a site reaches its database, with the Secret for its pods. */
export interface PreparedDatabase {
  readonly server: string;
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
  readonly uid: string;
  readonly secret: { readonly password: Secret; readonly url: Secret };
}

/** One server for all sites of a version, on a machine whose size is not known yet: sizing by measurement comes later. */
const SERVER_MEMORY_BYTES = 1024 ** 3;

/** A server starts in seconds, but its first start makes the data directory, and recovery after a crash takes its time. */
const SERVER_PATIENCE_MS = 300_000;

/** How long a server that was ready already may be silent. */
const ANSWER_PATIENCE_MS = 45_000;

/** Objects of one server and this site's way to it: other servers, and the ways of other sites, are not this plan's business. */
function ofServer(inventory: Inventory, server: string, site: string): Inventory {
  const own = [...inventory.objects].filter(([key]) => {
    const name = key.slice(key.indexOf("/") + 1);
    return name === server || name === `${server}-from-${site}`;
  });
  return { namespace: inventory.namespace, objects: new Map(own) };
}

/** Makes sure that the shared server of the site's version runs, that the site may reach it, and that the site has its own database and user there. */
export async function prepareDatabase(site: Site, images: PreparedImages, ports: Ports, context: EngineContext): Promise<PreparedDatabase> {
  const wanted = site.database;
  if (wanted === null || images.database === null) throw new TypeError("a site without a database has none to prepare");
  const image = images.database;
  const name = databaseServerName(wanted.version);
  const server = serverOfVersion(wanted.version, ports);
  // One that was ready and answers nobody now won't by being waited for: said in a minute, not after the half hour that a start may take.
  const { pods } = await ports.engine.observe(SYSTEM_NAMESPACE);
  if (pods.some((pod) => pod.workload === name && pod.ready))
    await ports.databases.waitReady(server, { timeoutMs: ANSWER_PATIENCE_MS, signal: context.signal });
  await ports.locks.hold(SYSTEM_NAMESPACE, "up", async () => {
    await ports.engine.prepare(SYSTEM_NAMESPACE, context);
    const secretDigest = await ports.engine.putSecret(SYSTEM_NAMESPACE, name, await ports.databases.adminSecret(name));
    const objects = [
      ...renderDatabaseServer({ version: wanted.version, image, memoryBytes: SERVER_MEMORY_BYTES, secretDigest }),
      renderDatabaseAccess(wanted.version, site.name),
    ];
    const inventory = ofServer(await ports.engine.inventory(SYSTEM_NAMESPACE), name, site.name);
    await applyPlan(
      SYSTEM_NAMESPACE,
      planObjects(
        objects.map((object) => rendered(object)),
        inventory,
      ),
      ports.engine,
      context,
    );
    await ports.engine.scaleUp(SYSTEM_NAMESPACE, context);
  });
  await ports.databases.waitReady(server, { timeoutMs: SERVER_PATIENCE_MS, signal: context.signal });
  const access = await ports.databases.ensureDatabase({
    server,
    site: site.name,
    environment: site.environment,
    namespace: site.name,
    charset: wanted.charset,
    collation: wanted.collation,
  });
  const { host, port, user, uid, password, url } = access;
  return { server: name, host, port, name: access.name, user, uid, secret: { password, url } };
}

import { applyPlan } from "../../apply/apply-plan.ts";
import { OWN_SERVER_SECRET } from "../../kernel/own-names.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import { OWN_SERVER } from "../../render/database/render-environment-server.ts";
import { rendered } from "../../render/rendered.ts";
import { renderOutgoingPolicy } from "../../render/site/render-outgoing-policy.ts";
import { renderOwnServer } from "../../render/site/render-site.ts";
import type { Site } from "../../site/site.ts";
import { DATASET_DATABASE } from "../dataset/generation.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import type { PreparedDatabase } from "../up/prepare-database.ts";

/** A first start without a dataset makes the system tables. */
const PATIENCE_MS = 180_000;

type OwnDatabasePorts = Pick<Ports, "engine" | "databases">;

/**
 * Starts an environment's own database server and waits until it answers. The way out is closed before anything of the environment runs. Its objects are
 * those that the release renders, so the rollout finds them in their place.
 */
export async function prepareOwnDatabase(
  site: Site,
  { image, namespace }: { readonly image: string; readonly namespace: string },
  ports: OwnDatabasePorts,
  context: EngineContext,
): Promise<PreparedDatabase> {
  if (site.database === null) throw new TypeError("a site without a database has none to prepare");
  const { charset, collation } = site.database;
  const name = `${OWN_SERVER}.${namespace}`;
  const server = serverReference(name, ports);
  const made = await ports.databases.ownDatabase({
    ...{ server: { ...server, ownedBy: namespace }, name: DATASET_DATABASE, charset, collation },
  });
  const own = { image, secretDigest: await ports.engine.putSecret(namespace, OWN_SERVER_SECRET, made.files) };
  const { host, port, user, uid, password, url } = made;
  const database = { host, port, name: made.name, user };
  await apply(site, namespace, { ...database, secretName: "", own }, ports, context);
  await ports.databases.waitReady(server, { timeoutMs: PATIENCE_MS, signal: context.signal });
  return { server: name, ...database, uid, own, secret: { password, url } };
}

async function apply(
  site: Site,
  namespace: string,
  database: NonNullable<Parameters<typeof renderOwnServer>[1]["database"]>,
  ports: OwnDatabasePorts,
  context: EngineContext,
): Promise<void> {
  const desired = [...renderOutgoingPolicy(site), ...renderOwnServer(site, { database })].map((object) => rendered(object));
  const { state } = await ports.engine.use(namespace);
  const inventory = await ports.engine.inventory(namespace);
  const known = new Set(desired.map(({ key }) => key));
  const objects = new Map([...inventory.objects].filter(([key]) => known.has(key)));
  const steps = planObjects(desired, { ...inventory, objects });
  await applyPlan(namespace, steps, ports.engine, context);
  // One that rests has all of it, and its server is asked now.
  if (state === "asleep" || (state === "down" && inventory.objects.size > 0)) await ports.engine.scaleUp(namespace, context);
}

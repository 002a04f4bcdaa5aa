import { HowdahError } from "../../kernel/howdah-error.ts";
import { renderAccessTo } from "../../render/database/render-database-access.ts";
import { routerSelector } from "../../render/galera/render-router.ts";
import { rendered } from "../../render/rendered.ts";
import type { EngineContext, Ports, SiteDatabase } from "../ports.ts";
import { ensureAccess } from "../up/ensure-server.ts";
import type { DatabaseServerDocument } from "./database-server-document.ts";
import { isRouted } from "./routed-server.ts";

/**
 * Makes sure that a site's pods are let in by the routers; the first time that a node answers behind them, too. Nodes and routers are the operator's
 * business. Errors: `database/server-refused` for a server that has no routers, `database/unreachable`.
 */
export async function ensureRouted(
  { document, namespace }: { readonly document: DatabaseServerDocument; readonly namespace: string },
  ports: Pick<Ports, "engine" | "databases" | "locks" | "databaseServers">,
  context: EngineContext,
): Promise<Pick<SiteDatabase, "routed">> {
  const { name } = document;
  if (!isRouted(document))
    throw new HowdahError("database/server-refused", `The database server ${name} has no routers, so sites don't get to its nodes`, {
      hint: `\`kubectl describe databaseserver ${name}\` says what its spec lacks.`,
    });
  const policy = rendered(renderAccessTo({ name, selector: routerSelector(name) }, namespace));
  await ensureAccess({ name, namespace, desired: async () => [policy], isExternal: true }, ports, context);
  return { routed: true };
}

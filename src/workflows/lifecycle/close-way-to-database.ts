import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { databaseAccessName } from "../../render/database/render-database-access.ts";
import type { EngineContext, Ports } from "../ports.ts";

/** Takes away the policy that lets a site's namespace in. On one machine the shared server leaves the site's network with it, which nothing then makes again. */
export async function closeWayToDatabase(
  server: string,
  namespace: string,
  ports: Pick<Ports, "engine" | "locks">,
  context: EngineContext,
): Promise<void> {
  const key = `NetworkPolicy/${databaseAccessName(server, namespace)}` as const;
  await ports.locks.hold(SYSTEM_NAMESPACE, "destroy", async () => {
    const { objects } = await ports.engine.inventory(SYSTEM_NAMESPACE);
    if (!objects.has(key)) return;
    await ports.engine.apply(SYSTEM_NAMESPACE, { do: "delete", key, because: `${namespace} is destroyed` }, context);
  });
}

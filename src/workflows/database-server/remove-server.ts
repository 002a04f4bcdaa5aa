import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { databasesOn, sitesOf } from "./sites-on.ts";
import { isExternal } from "./database-server-document.ts";

type RemovePorts = Pick<Ports, "databaseServers" | "secrets" | "engine" | "locks" | "records" | "retained" | "databaseMoves">;

/**
 * Forgets a server: its way, its administrator's password, what was known of it. The server itself is left alone. Errors: `database/server-unknown`;
 * `database/server-in-use` while databases of sites are on it.
 */
export async function removeServer(name: string, ports: RemovePorts, context: EngineContext): Promise<void> {
  const document = await ports.databaseServers.get(name);
  if (document === undefined) throw new HowdahError("database/server-unknown", `There is no database server ${name}`);
  await ports.locks.hold(SYSTEM_NAMESPACE, "db server", async () => {
    const sites = sitesOf(await databasesOn(name, ports));
    if (sites.length > 0) throw new HowdahError("database/server-in-use", `Databases of ${sites.join(", ")} are on ${name}`);
    const { objects } = await ports.engine.inventory(SYSTEM_NAMESPACE);
    for (const key of (["StatefulSet", "Service", "ConfigMap"] as const).map((kind) => `${kind}/${name}` as const))
      if (objects.has(key)) await ports.engine.apply(SYSTEM_NAMESPACE, { do: "delete", key, because: `${name} is forgotten` }, context);
    await ports.engine.deleteSecret(SYSTEM_NAMESPACE, name);
    if (isExternal(document)) await ports.secrets.remove(SYSTEM_NAMESPACE, document.spec.external.administrator.secret);
    await ports.databaseServers.remove(name);
  });
}

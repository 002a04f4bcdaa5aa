import { HowdahError } from "../../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../../kernel/own-names.ts";
import { ownServers } from "../../database-server/list-servers.ts";
import type { Ports } from "../../ports.ts";

type KnowingPorts = Pick<Ports, "records" | "retained" | "databaseServers"> & { readonly engine: Pick<Ports["engine"], "locate"> };

/**
 * Error: `database/server-unknown` for what is no server that Howdah runs on this machine, with those that it does: asked for a backup of a mistyped name, a
 * person is told of the name. One that a site's database is on is known though it stands still just now.
 */
export async function requireServer(name: string, ports: KnowingPorts): Promise<void> {
  const own = await ownServers(ports);
  if (own.includes(name)) return;
  if (/^mariadb-\d+-\d+$/.test(name) && (await ports.engine.locate(SYSTEM_NAMESPACE, name)) !== undefined) return;
  const outside = (await ports.databaseServers.list()).some((one) => one.name === name);
  throw new HowdahError("database/server-unknown", `Howdah runs no database server ${JSON.stringify(name)} here`, {
    hint: outside ? OUTSIDE : hintOf(own),
  });
}

const OUTSIDE = "Servers outside are backed up by who runs them; sites on them by `howdah backup now SITE`.";

function hintOf(own: readonly string[]): string {
  if (own.length === 0) return "It runs none yet: no site here has a database.";
  return `It runs ${own.join(", ")}. \`howdah db server ls\` shows all.`;
}

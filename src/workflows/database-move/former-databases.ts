import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Ports } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import { type FormerDatabase, formerName } from "./move-journal.ts";

type FormerPorts = Pick<Ports, "databaseMoves" | "databases" | "engine" | "records" | "locks" | "clock">;

/** Drops a database that a site has left, for good. Nothing when it is not there any more. Errors: `database/unreachable`; `bug` for a site's own. */
export async function dropFormer({ namespace, database }: FormerDatabase, ports: Omit<FormerPorts, "locks" | "clock">): Promise<void> {
  const serves = (await ports.records.get(namespace))?.database?.server;
  if (serves === database.server) throw new HowdahError("bug", `${database.server} holds the data of ${namespace}: it is not dropped`);
  const server = serverReference(database.server, ports);
  await ports.databases.dropDatabase({ server, name: database.name, user: database.user, uid: database.uid });
  await ports.databaseMoves?.formers.remove(formerName(namespace, database.server));
}

/** All that a site has left on servers; its own data is deleted for good. What was on a server whose volume is gone (`isLost`) is gone with it. */
export async function dropFormersOf(
  namespace: string,
  ports: Omit<FormerPorts, "locks" | "clock">,
  isLost: (server: string) => Promise<boolean>,
): Promise<void> {
  for (const former of (await ports.databaseMoves?.formers.list(`${namespace}.`)) ?? []) {
    if (former.namespace !== namespace) continue;
    if (await isLost(former.database.server)) await ports.databaseMoves?.formers.remove(formerName(namespace, former.database.server));
    else await dropFormer(former, ports);
  }
}

/** What a round dropped, and what has to wait, with the reason. */
export interface DroppedFormers {
  readonly purged: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

/** Drops every former database whose retention has ended; the agent calls it now and then. */
export async function dropExpiredFormers(ports: FormerPorts): Promise<DroppedFormers> {
  const purged: string[] = [];
  const failed: { name: string; error: string }[] = [];
  const due = ({ keptUntil }: FormerDatabase): boolean => Date.parse(keptUntil) <= ports.clock.now();
  for (const { namespace, database } of ((await ports.databaseMoves?.formers.list()) ?? []).filter(due)) {
    const name = formerName(namespace, database.server);
    try {
      await ports.locks.hold(namespace, "purge", async () => {
        // Read again: the site may have moved back meanwhile.
        const former = await ports.databaseMoves?.formers.get(name);
        if (former === undefined || !due(former) || (await ports.databaseMoves?.journals.get(namespace)) !== undefined) return;
        await dropFormer(former, ports);
        purged.push(name);
      });
    } catch (error) {
      failed.push({ name, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return { purged, failed };
}

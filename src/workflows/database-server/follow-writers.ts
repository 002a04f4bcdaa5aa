import { applyPlan } from "../../apply/apply-plan.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import { renderDatabaseWay } from "../../render/database/render-database-way.ts";
import { rendered } from "../../render/rendered.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { type ExternalServer, isExternal } from "./database-server-document.ts";
import { wayTo } from "./ensure-external.ts";
import { findWriter } from "./find-writer.ts";

type FollowPorts = Pick<Ports, "databaseServers" | "secrets" | "probeDatabase" | "engine" | "locks">;

/** One server whose writer changed, or that has none. */
export interface Followed {
  readonly server: string;
  readonly writer: string | null;
  /** Why there is none. */
  readonly error?: string;
}

/**
 * Leads the sites of this machine to the writer of an external server, when it is another than before: what passes connections on starts anew, and they
 * with it. Without a way, because no site of this machine uses it, only the writer is remembered. Answers whether something was changed. Errors: those of
 * `findWriter`: then everything stays as it is.
 */
export async function followWriter(document: ExternalServer, ports: FollowPorts, context: EngineContext): Promise<boolean> {
  const found = await findWriter(document, ports);
  if (document.writer !== found.choice.writer) {
    const now = await ports.databaseServers.get(document.name); // a person may have changed or forgotten it while it was asked
    if (now !== undefined) await ports.databaseServers.put(document.name, { ...now, writer: found.choice.writer });
  }
  const { way: images } = document;
  if (images === undefined || !(await ports.engine.inventory(SYSTEM_NAMESPACE)).objects.has(`StatefulSet/${document.name}`)) return false;
  return await ports.locks.hold(SYSTEM_NAMESPACE, "db server", async () => {
    const { objects } = await ports.engine.inventory(SYSTEM_NAMESPACE);
    const names = new Set(
      renderDatabaseWay({ ...{ name: document.name, secretDigest: "" }, ...images, writer: found.place }).map((one) => rendered(one).key),
    );
    const own = new Map([...objects].filter(([key]) => names.has(key)));
    const steps = planObjects(await wayTo(document, found, images, ports), { namespace: SYSTEM_NAMESPACE, objects: own });
    await applyPlan(SYSTEM_NAMESPACE, steps, ports.engine, context);
    return steps.length > 0;
  });
}

/** One round of the machine's agent over all external servers. One that can't be asked holds up no other. */
export async function followWriters(ports: FollowPorts, context: EngineContext): Promise<readonly Followed[]> {
  const documents = (await ports.databaseServers.list()).filter(isExternal);
  const rounds = documents.map(async (document): Promise<readonly Followed[]> => {
    try {
      if (!(await followWriter(document, ports, context))) return [];
      return [{ server: document.name, writer: (await ports.databaseServers.get(document.name))?.writer ?? null }];
    } catch (error) {
      if (!(error instanceof HowdahError)) throw error;
      return [{ server: document.name, writer: null, error: error.message }];
    }
  });
  return (await Promise.all(rounds)).flat();
}

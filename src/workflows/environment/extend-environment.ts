import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Ports } from "../ports.ts";
import { changeEnvironment, type EnvironmentRecord, withEnvironment } from "./environment.ts";
import { untilOf } from "./lifetime.ts";

/** Gives an environment so long from now on. Error: `environment/unknown` when it is being deleted. */
export async function extendEnvironment(
  namespace: string,
  ttl: string,
  ports: Pick<Ports, "environments" | "locks" | "clock">,
): Promise<EnvironmentRecord> {
  const until = untilOf(ttl, ports.clock.now());
  return await withEnvironment(namespace, "env extend", ports, async () => {
    const changed = await changeEnvironment(namespace, (now) => (now.work?.verb === "delete" ? now : { ...now, until }), ports);
    if (changed !== undefined && changed.work?.verb !== "delete") return changed;
    throw new HowdahError("environment/unknown", `${namespace} is being deleted`);
  });
}

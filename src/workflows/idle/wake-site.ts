import type { EngineContext, Ports, SiteRecord } from "../ports.ts";

/** Wakes a site that sleeps, and counts as a visit; answers whether it slept. Errors: those of starting it, with its last words. */
export async function wakeSite(
  { namespace }: Pick<SiteRecord, "namespace">,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<boolean> {
  const { state } = await ports.engine.use(namespace);
  await ports.engine.ensureAwake(namespace, context, { serving: () => undefined });
  return state === "asleep";
}

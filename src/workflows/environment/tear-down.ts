import type { EngineContext, Ports } from "../ports.ts";
import { noteOutcome, releasesOf, servingOf } from "../release/release-store.ts";
import { forgetWatch } from "../watch/watch-record.ts";

/**
 * Takes away everything of an environment that its description can make anew: pods, network, volumes with all data. Its secrets and its releases stay. Safe to
 * repeat after a kill at any moment. Takes the lock of its namespace, so a rollout or a backup that is under way is not cut off.
 */
export async function tearDown(namespace: string, ports: Ports, context: EngineContext): Promise<void> {
  await ports.locks.hold(namespace, "env", async () => {
    await ports.engine.remove(namespace, context);
    const claims = await claimsOf(namespace, ports);
    for (const claim of claims) await ports.engine.deleteVolume(namespace, claim);
    // Nothing serves: what comes next is a first start, with its migrations.
    const serving = servingOf(await releasesOf(namespace, ports));
    if (serving !== undefined) await noteOutcome(namespace, serving.id, { state: "superseded" }, ports);
    await ports.records.remove(namespace);
    await ports.rollouts.remove(namespace);
    await ports.migrations.remove(namespace);
    await forgetWatch(namespace, ports);
  });
}

/** Those that were applied, and volumes whose claim a killed command did not come to write down. */
async function claimsOf(namespace: string, { engine }: Pick<Ports, "engine">): Promise<ReadonlySet<string>> {
  const [{ objects }, { volumes }] = await Promise.all([engine.inventory(namespace), engine.observe(namespace)]);
  const applied = [...objects.keys()].filter((key) => key.startsWith(CLAIM)).map((key) => key.slice(CLAIM.length));
  return new Set([...applied, ...volumes.map(({ claim }) => claim)]);
}

const CLAIM = "PersistentVolumeClaim/";

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext, Ports } from "../ports.ts";
import { forgetReleases } from "../release/release-store.ts";
import { changeEnvironment, environmentStore, withEnvironment } from "./environment.ts";
import { letGoOfData } from "./environment-data.ts";
import { tearDown } from "./tear-down.ts";

/**
 * Takes an environment away for good: pods, network, volumes, snapshots, secrets, releases, and what it held of a dataset. Its description goes last, so whoever
 * comes after a kill goes on. False when there was none.
 */
export async function deleteEnvironment(namespace: string, ports: Ports, context: EngineContext): Promise<boolean> {
  return await withEnvironment(namespace, "env delete", ports, async () => {
    const by = await ports.machine.processIdentity();
    const since = new Date(ports.clock.now()).toISOString();
    const record = await changeEnvironment(namespace, (now) => ({ ...now, work: { verb: "delete", since, by } }), ports);
    if (record === undefined) return false;
    await removeEnvironment(namespace, ports, context);
    return true;
  });
}

/** The work itself; the caller has the environment's lock. Also of one whose description is lost. */
export async function removeEnvironment(namespace: string, ports: Ports, context: EngineContext): Promise<void> {
  await tearDown(namespace, ports, context);
  await ports.engine.forget(namespace);
  for (const { name } of await ports.secrets.list(namespace)) await ports.secrets.remove(namespace, name);
  await forgetReleases(namespace, ports);
  await ports.retained.remove(namespace);
  await ports.backups?.schedules.remove(namespace);
  for (const cron of await ports.crons.list(`${namespace}.`)) await ports.crons.remove(`${namespace}.${cron.cron}`);
  await rm(join(ports.settings.stateDirectory, "dumps", namespace), { recursive: true, force: true });
  await letGoOfData(namespace, null, ports);
  await environmentStore(ports).remove(namespace);
}

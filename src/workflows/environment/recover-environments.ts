import { ownerOfCopy } from "../../engine/copied-volume-id.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { releaseLease } from "../dataset/generation.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { deleteEnvironment } from "./delete-environment.ts";
import { type EnvironmentRecord, environmentsOf, environmentStore, withEnvironment } from "./environment.ts";
import { lifetimeOf } from "./lifetime.ts";
import { resetEnvironment } from "./reset-environment.ts";

/** What a round of the agent did. */
export interface EnvironmentRound {
  readonly did: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

type Work = (record: EnvironmentRecord) => Promise<string | undefined>;

/** Looks at every environment; one that can't be dealt with, or that somebody is at, holds up no other. */
async function each(ports: Ports, work: Work): Promise<EnvironmentRound> {
  const did: string[] = [];
  const failed: { name: string; error: string }[] = [];
  for (const record of ports.environments === undefined ? [] : await environmentsOf(undefined, ports)) {
    try {
      const said = await work(record);
      if (said !== undefined) did.push(said);
    } catch (error) {
      if (error instanceof HowdahError && error.code === "machine/busy") continue;
      failed.push({ name: record.namespace, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return { did, failed };
}

/**
 * Goes on with what a killed command left: a deletion and a reset are finished, and what a creation left is taken away, since nobody had it yet. A command that
 * lives is left alone.
 */
export async function recoverEnvironments(ports: Ports, context: EngineContext): Promise<EnvironmentRound> {
  return await each(ports, async ({ namespace, work }) => {
    if (work === null || (await ports.machine.isProcessAlive(work.by))) return undefined;
    if (work.verb === "reset") {
      await resetEnvironment(namespace, work.target ?? { generation: null, newestRelease: false }, ports, context);
      return `the reset of ${namespace} was cut off and is finished now`;
    }
    await deleteEnvironment(namespace, ports, context);
    return work.verb === "create" ? `the creation of ${namespace} was cut off and is undone` : `${namespace} is deleted`;
  });
}

/** Deletes environments whose time and grace are over. One that somebody uses at this moment is left for the next round. */
export async function expireEnvironments(ports: Ports, context: EngineContext): Promise<EnvironmentRound> {
  return await each(ports, async (record) => {
    const { namespace, work } = record;
    if (work !== null || lifetimeOf(record, ports.clock.now()).state !== "due" || (await isUsed(namespace, ports, context)))
      return undefined;
    await deleteEnvironment(namespace, ports, context);
    return `${namespace} is deleted: its time was over`;
  });
}

/** A program of a person's, a cron or a visitor: whatever would keep it from being put to sleep. */
async function isUsed(namespace: string, ports: Ports, context: EngineContext): Promise<boolean> {
  const { state } = await ports.engine.use(namespace);
  if (state !== "running") return state === "changing";
  const reason = await ports.locks.hold(namespace, "agent", () => ports.engine.sleep(namespace, { force: false }, context));
  return reason !== undefined && reason !== "nothing of it runs";
}

/**
 * Takes away what belongs to no environment: copies of volumes, snapshots, leases of generations whose holder is gone or needs them no more, and trees of branches
 * that a killed build left. A description is the first that is written and the last that goes, so whatever has none is nobody's.
 */
export async function sweepEnvironments(ports: Ports): Promise<EnvironmentRound> {
  const did: string[] = [];
  if (ports.environments === undefined) return { did, failed: [] };
  const trees = (await ports.worktrees?.sweep()) ?? 0;
  if (trees > 0) did.push(`${String(trees)} trees of builds that were cut off are deleted`);
  const storage = await ports.datasetStorage?.existing();
  for (const { id } of (await storage?.list()) ?? []) {
    const namespace = ownerOfCopy(id)?.namespace;
    if (namespace === undefined || (await isKnown(namespace, ports))) continue;
    const { volumes } = await ports.engine.observe(namespace);
    if (volumes.length > 0) continue; // containers may have it: a person sees it in `howdah status`
    if ((await storage?.destroy(id)) === true) did.push(`${id} belonged to nobody and is deleted`);
  }
  for (const { site, holder, generation } of (await ports.datasets?.leases.list()) ?? []) {
    if (!holder.startsWith(`${site}--`) || ports.datasets === undefined) continue;
    if (!(await isKnown(holder, ports))) {
      await releaseLease(holder, ports.datasets, generation);
      did.push(`${generation} of ${site} was held for ${holder}, which is gone`);
    } else if (await letGoOfFormer(holder, generation, ports)) did.push(`${holder} no longer needs ${generation} of ${site}`);
  }
  return { did, failed: [] };
}

/** A sync that was killed at its very end has both generations, and only needs one. Who is at the environment now is left alone. */
async function letGoOfFormer(namespace: string, generation: string, ports: Ports): Promise<boolean> {
  const isFormer = async (): Promise<boolean> => {
    const record = await environmentStore(ports).get(namespace);
    return record !== undefined && record.work === null && !(record.data.kind === "dataset" && record.data.generation === generation);
  };
  if (ports.datasets === undefined || !(await isFormer())) return false;
  const { datasets } = ports;
  try {
    return await withEnvironment(namespace, "agent", ports, async () => {
      if (!(await isFormer())) return false;
      await releaseLease(namespace, datasets, generation);
      return true;
    });
  } catch (error) {
    if (error instanceof HowdahError && error.code === "machine/busy") return false;
    throw error;
  }
}

async function isKnown(namespace: string, ports: Ports): Promise<boolean> {
  return (await environmentStore(ports).get(namespace)) !== undefined || (await ports.records.get(namespace)) !== undefined;
}

import { applyPlan } from "../../apply/apply-plan.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import { renderSite } from "../../render/site/render-site.ts";
import { restoreDump } from "../database/import-database.ts";
import type { EngineContext, Ports } from "../ports.ts";
import type { Release } from "../release/release.ts";
import { releaseOf } from "../release/release-store.ts";
import type { RolloutJournal } from "./journal.ts";

/**
 * Goes back to the release that served before: its objects, its pods (which are still there unless they were ended), its record.
 * Whatever step was reached, and as often as needed. Without a former release there is nothing to go back to, and what was made stays.
 * Never cut short by Ctrl-C: the site must serve when the command ends.
 */
export async function undoRollout(journal: RolloutJournal, ports: Ports, { emit }: EngineContext): Promise<void> {
  const context: EngineContext = { emit, signal: new AbortController().signal };
  const { namespace } = journal;
  if (journal.held) await restoreData(journal, ports, context);
  if (journal.former !== null) await applyRelease(await releaseOf(namespace, journal.former, ports), ports, context);
  if (journal.formerRecord !== null) await ports.records.put(namespace, journal.formerRecord);
  if (journal.held) {
    await ports.engine.scaleUp(namespace, context); // workers rested
    await ports.engine.hold(namespace, null, context);
  }
  await ports.engine.settle(namespace, context);
}

/** Brings a namespace to what a release renders to; what is there already is left alone. */
export async function applyRelease(release: Release, ports: Pick<Ports, "engine">, context: EngineContext): Promise<void> {
  const steps = planObjects(renderSite(release.site, release.input), await ports.engine.inventory(release.namespace));
  // Its former pods stay until all of it is in place.
  await applyPlan(release.namespace, steps, ports.engine, { ...context, reached: () => Promise.resolve() });
}

/** Nobody wrote since the dump but the migration: the edge answered for the site. */
async function restoreData({ namespace, wanted, startedAt }: RolloutJournal, ports: Ports, context: EngineContext): Promise<void> {
  const migrated = await ports.migrations.get(namespace);
  if (wanted === null || migrated === undefined || migrated.dump === null) return;
  // An older migration's dump is none of this rollout's.
  if (migrated.step === wanted.migration && migrated.at >= startedAt) await restoreDump(wanted, migrated.dump, ports, context);
}

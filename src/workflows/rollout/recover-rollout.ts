import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { recoverMove } from "../database-move/settle-move.ts";
import { noteOutcome, noteServing, releaseOf } from "../release/release-store.ts";
import { isPastSwitch, type RolloutJournal } from "./journal.ts";
import { servedRecord } from "./served-record.ts";
import { applyRelease, undoRollout } from "./undo-rollout.ts";

/**
 * Settles what a killed command left: from the switch on the new release is finished, before it the former one serves as if nothing had
 * been. The caller holds the site's lock. `wanted`: the release that the caller goes on with; a switch to another one, whose pods may never
 * come, is then undone instead of waited for. Answers what was done in words, or undefined when nothing was left.
 */
export async function recoverRollout(
  namespace: string,
  ports: Ports,
  context: EngineContext,
  wanted?: string,
): Promise<string | undefined> {
  // A move of the database holds visitors, and has no rollout: there never are both.
  const moved = await recoverMove(namespace, ports, context);
  const journal = await ports.rollouts.get(namespace);
  if (journal === undefined) return moved;
  const did =
    isPastSwitch(journal.step) && !isUnwanted(journal, wanted)
      ? await finish(journal, ports, context)
      : await goBack(journal, ports, context);
  await ports.rollouts.remove(namespace);
  context.emit({ type: "notice", level: "info", message: did });
  return did;
}

/** Of a site that was held nobody knows whether visitors write again: going back would put the database back under them. */
function isUnwanted({ step, release, former, held }: RolloutJournal, wanted: string | undefined): boolean {
  return wanted !== undefined && release !== wanted && step === "switch" && former !== null && !held;
}

async function finish(journal: RolloutJournal, ports: Ports, context: EngineContext): Promise<string> {
  const { namespace, release, wanted } = journal;
  if (release === null || wanted === null) return goBack(journal, ports, context);
  const found = await releaseOf(namespace, release, ports);
  try {
    await applyRelease(found, ports, context);
  } catch (error) {
    // It can't be finished; a site that serves matters more than which release does.
    if (context.signal.aborted || journal.former === null) throw error;
    return goBack(journal, ports, context);
  }
  // Who was to see a generated password has not: the next command shows it.
  await ports.records.put(namespace, { ...servedRecord(wanted, found), credentialsShown: wanted.credentialsShown });
  if (journal.held) {
    await ports.engine.hold(namespace, null, context);
    await ports.engine.scaleUp(namespace, context);
  }
  await ports.engine.settle(namespace, context);
  await noteServing(namespace, release, ports);
  return `The rollout of ${namespace} ${release} was cut off at "${journal.step}" and is finished now`;
}

async function goBack(journal: RolloutJournal, ports: Ports, context: EngineContext): Promise<string> {
  const { namespace, release, step } = journal;
  await undoRollout(journal, ports, context);
  const reason = `its command ended at the step "${step}"`;
  if (release !== null) await noteOutcome(namespace, release, { state: "interrupted", step, reason }, ports);
  const former = journal.former === null ? "" : `; ${journal.former} serves`;
  return `The rollout of ${namespace}${release === null ? "" : ` ${release}`} was cut off at "${step}" and is undone${former}`;
}

/** What a round of recovery did. */
export interface Recovered {
  readonly did: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

/** The agent's pass: every rollout, and every move of a database, that nobody works on any more. A command that holds a site's lock is left alone. */
export async function recoverCutOff(ports: Ports, context: EngineContext): Promise<Recovered> {
  const did: string[] = [];
  const failed: { name: string; error: string }[] = [];
  const left = [...(await ports.rollouts.list()), ...((await ports.databaseMoves?.journals.list()) ?? [])];
  for (const namespace of new Set(left.map((journal) => journal.namespace))) {
    try {
      const said = await ports.locks.hold(namespace, "agent", () => recoverRollout(namespace, ports, context));
      if (said !== undefined) did.push(said);
    } catch (error) {
      if (error instanceof HowdahError && error.code === "machine/busy") continue;
      failed.push({ name: namespace, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return { did, failed };
}

import { isPastReturn } from "../../plan/database-move/move-steps.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { closeWayToDatabase } from "../lifecycle/close-way-to-database.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { noteOutcome, noteServing, releaseOf } from "../release/release-store.ts";
import { applyRelease } from "../rollout/undo-rollout.ts";
import { serverReference } from "../up/database-server.ts";
import { ensureOwn } from "../up/prepare-database.ts";
import { type DatabaseMovePorts, formerName, type MoveJournal } from "./move-journal.ts";
import { putAccess } from "./roll-to.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Settles what a killed move left: from the moment on at which visitors may have written to the new server it is finished, before it the site serves from the
 * former one as if nothing had been. The caller holds the site's lock. Answers what was done, or undefined when nothing was left.
 */
export async function recoverMove(namespace: string, ports: Ports, { emit }: EngineContext): Promise<string | undefined> {
  const moves = ports.databaseMoves;
  const journal = await moves?.journals.get(namespace);
  if (moves === undefined || journal === undefined) return undefined;
  // Never cut short: the site is held.
  const context: EngineContext = { emit, signal: new AbortController().signal };
  const finished = isPastReturn(journal.step);
  await (finished ? finishMove : undoMove)(journal, moves, ports, context);
  const did = finished
    ? `The move of ${namespace}'s database to ${journal.to} was cut off at "${journal.step}" and is finished now`
    : `The move of ${namespace}'s database to ${journal.to} was cut off at "${journal.step}" and is undone: the site serves from ${journal.from.server}`;
  emit({ type: "notice", level: "info", message: did });
  return did;
}

/** Lets visitors in on the new server, and keeps the former database locked until a day. Does each step again as often as needed. Answers when they got in. */
export async function finishMove(journal: MoveJournal, moves: DatabaseMovePorts, ports: Ports, context: EngineContext): Promise<number> {
  const { namespace, release, wanted, from, to } = journal;
  if (release === null || wanted === null) throw new HowdahError("bug", "A move without a release can't be finished");
  await applyRelease(await releaseOf(namespace, release, ports), ports, context);
  await ports.records.put(namespace, wanted);
  await noteServing(namespace, release, ports);
  await ports.engine.scaleUp(namespace, context); // workers rested
  await ports.engine.hold(namespace, null, context);
  const now = ports.clock.now();
  await moves.journals.put(namespace, { ...journal, step: "settle", held: false });
  const keptUntil = new Date(now + ports.settings.retentionDays * DAY_MS).toISOString();
  const former = { namespace, database: from, movedTo: to, movedAt: new Date(now).toISOString(), keptUntil };
  await moves.formers.put(formerName(namespace, from.server), former);
  await ports.engine.settle(namespace, context); // former pods end
  await closeWayToDatabase(from.server, namespace, ports, context);
  await moves.journals.remove(namespace);
  return now;
}

/** The site first, then what lies on the other server: that may wait until it can be reached, and the journal with it. */
export async function undoMove(journal: MoveJournal, moves: DatabaseMovePorts, ports: Ports, context: EngineContext): Promise<void> {
  const { namespace, formerRecord, formerRelease, release, from } = journal;
  if (journal.step !== "clean") {
    if (journal.held) {
      // Also lets its user in again.
      const access = await ensureOwn(from.server, formerRecord, ports);
      await putAccess(formerRecord, access, ports);
      await applyRelease(await releaseOf(namespace, formerRelease, ports), ports, context);
      await ports.records.put(namespace, formerRecord);
      await ports.engine.scaleUp(namespace, context); // workers rested
      await ports.engine.hold(namespace, null, context);
      await ports.engine.settle(namespace, context);
    }
    if (release !== null) {
      const reason = "the move of its database was undone";
      await noteOutcome(namespace, release, { state: "interrupted", step: journal.step, reason }, ports);
    }
    await moves.journals.put(namespace, { ...journal, step: "clean", held: false });
  }
  await cleanTarget(journal, moves, ports, context);
  await moves.journals.remove(namespace);
}

/** Nothing of the site stays on the server that it did not move to. */
async function cleanTarget(
  { namespace, madeThere, from, to }: MoveJournal,
  moves: DatabaseMovePorts,
  ports: Ports,
  context: EngineContext,
): Promise<void> {
  const serves = (await ports.records.get(namespace))?.database?.server;
  // Names and identities are the same on both: only the server tells the copy from the site's data.
  if (to === from.server || to === serves) throw new HowdahError("bug", `${to} holds the data of ${namespace}: nothing of it is dropped`);
  const server = serverReference(to, ports);
  if (madeThere) {
    await moves.mover.closeReplay({ server, name: from.name });
    await ports.databases.dropDatabase({ server, name: from.name, user: from.user, uid: from.uid });
  }
  await closeWayToDatabase(to, namespace, ports, context);
}

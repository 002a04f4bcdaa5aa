import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { requireMoves } from "./move-database.ts";
import type { MoveJournal } from "./move-journal.ts";
import { recoverMove } from "./settle-move.ts";

/** A move that is under way, or was cut off and waits for the next command or the agent. */
export interface ListedMove {
  readonly site: string;
  readonly from: string;
  readonly to: string;
  readonly step: string;
  /** Visitors wait. */
  readonly held: boolean;
  readonly startedAt: string;
}

/** A database that a site has left. */
export interface ListedFormer {
  readonly site: string;
  readonly server: string;
  readonly database: string;
  readonly movedTo: string;
  readonly keptUntil: string;
}

/** All moves of this machine, and what was left by those that are done. */
export async function listMoves(
  ports: Pick<Ports, "databaseMoves">,
): Promise<{ readonly moves: readonly ListedMove[]; readonly kept: readonly ListedFormer[] }> {
  const { journals, formers } = requireMoves(ports);
  const [open, left] = await Promise.all([journals.list(), formers.list()]);
  return {
    moves: open.map(listed),
    kept: left.map(({ namespace, database, movedTo, keptUntil }) => ({
      ...{ site: namespace, server: database.server, database: database.name, movedTo, keptUntil },
    })),
  };
}

function listed({ namespace, from, to, step, held, startedAt }: MoveJournal): ListedMove {
  return { site: namespace, from: from.server, to, step, held, startedAt };
}

/** The move of one site's database that is under way or was cut off; null: none, or moves are not for where it runs. */
export async function moveOf(namespace: string, { databaseMoves }: Pick<Ports, "databaseMoves">): Promise<ListedMove | null> {
  const journal = await databaseMoves?.journals.get(namespace);
  return journal === undefined ? null : listed(journal);
}

/**
 * Takes a move back that was cut off; one that visitors have written to is finished instead. Answers what was done. Errors: `usage/invalid` when there is
 * none; `machine/busy` while its command runs: Ctrl-C there does the same.
 */
export async function abortMove(namespace: string, ports: Ports, context: EngineContext): Promise<string> {
  requireMoves(ports);
  const did = await ports.locks.hold(namespace, "db move --abort", () => recoverMove(namespace, ports, context));
  if (did !== undefined) return did;
  throw new HowdahError("usage/invalid", `No move of ${namespace}'s database was cut off`, {
    hint: "`howdah db moves` shows what there is.",
  });
}

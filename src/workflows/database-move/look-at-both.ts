import { judgeMove, type MoveFacts } from "../../plan/database-move/judge-move.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { brokenViews } from "../database/dump-database.ts";
import { siteDatabase } from "../database/site-database.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import type { DatabaseMovePorts } from "./move-journal.ts";

/** What was found before anything is copied. */
export interface Look {
  readonly database: MoveFacts["database"];
  /** Null: what is written during the copy can be brought after. */
  readonly noCatchUp: string | null;
  /** Views that can't be copied. */
  readonly leftOut: readonly string[];
}

/** Asks both servers and judges. Error: `database/move-refused` with every reason. */
export async function lookAtBoth(
  { from, to }: { readonly from: SiteRecord; readonly to: SiteRecord },
  moves: DatabaseMovePorts,
  ports: Ports,
  context: EngineContext,
): Promise<Look> {
  const [here, there] = [siteDatabase(from), siteDatabase(to)];
  const facts = async (record: SiteRecord): Promise<MoveFacts["from"]> => {
    const { server } = siteDatabase(record);
    return {
      name: server,
      ...(await moves.mover.serverFacts(serverReference(server, ports))),
      freeBytes: await moves.carrier.room(record, context),
    };
  };
  const database = await moves.mover.describe({ server: serverReference(here.server, ports), name: here.name });
  const source = await facts(from);
  const lacksProgram = source.binlog === "rows" && !(await moves.carrier.readsLog(from, context));
  const { problems, notices, noCatchUp } = judgeMove({
    from: lacksProgram ? { ...source, binlog: "no-program" } : source,
    to: await facts(to),
    database,
  });
  const [first] = problems;
  if (first !== undefined)
    throw new HowdahError("database/move-refused", `${from.namespace} can't move to ${there.server}: ${first.message}`, {
      hint: first.hint,
      output: problems.map(({ message }) => message),
    });
  for (const message of notices) context.emit({ type: "notice", level: "warning", message });
  return { database, noCatchUp, leftOut: await brokenViews(from, ports, context) };
}

import type { EngineContext } from "../../engine/engine.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { LoadConnection, ScratchDatabase } from "../../providers/database/load-connection.ts";
import { sql } from "../../kernel/sql.ts";
import { type DrillOptions, type DrillPlace, refuseUnknown } from "./drill-place.ts";
import { type Drill, drillUnderLoad } from "./drill-under-load.ts";
import { type StoredWrites, WriteJournal, type WriteVerdict } from "./write-journal.ts";
import { type LoadClients, prepareTables, startWrites } from "./write-load.ts";

/** What a drill of a database server found. */
export type DatabaseDrill = Drill<LoadClients> & WriteVerdict;

/** A server that died needs a while to answer to who reads back. */
const PATIENCE_MS = 60_000;

/**
 * Harms a database server while clients write to a database of the drill's own, and compares what was acknowledged with what is there. The
 * database is dropped after it.
 */
export async function drillDatabase(
  place: DrillPlace,
  makeScratch: () => Promise<ScratchDatabase>,
  options: DrillOptions & { readonly clients: LoadClients },
  context: EngineContext & { readonly clock: Clock },
): Promise<DatabaseDrill> {
  refuseUnknown(place, options.faults);
  const { clock } = context;
  const scratch = await makeScratch();
  try {
    await prepareTables(scratch, options.clients);
    const journal = new WriteJournal(clock);
    const load = {
      journal,
      start: () => startWrites(scratch, options.clients, journal, clock),
      verdict: async () => journal.judge(await patiently(clock, async () => await readOnce(await scratch.connect()))),
    };
    return await drillUnderLoad(place, load, options, context);
  } finally {
    await patiently(clock, () => scratch.drop());
  }
}

async function patiently<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const end = clock.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (clock.now() > end) throw error;
      await clock.sleep(500);
    }
  }
}

async function readOnce(connection: LoadConnection): Promise<StoredWrites> {
  const numbers = (rows: Awaited<ReturnType<LoadConnection["query"]>>) =>
    rows.map((row) => ({ client: Number(row["client"]), n: Number(row["n"]) }));
  try {
    // On Galera: only after everything is applied that the cluster has acknowledged. Others don't know the variable.
    await connection.query(sql`SET SESSION wsrep_sync_wait = 1`).catch(() => undefined);
    const rows = numbers(await connection.query(sql`SELECT client, n FROM written`));
    return { rows, counts: numbers(await connection.query(sql`SELECT client, n FROM counted`)) };
  } finally {
    connection.close();
  }
}

import type { Clock } from "../kernel/clock.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";

/** What following writers is made of. */
export interface WriterParts {
  /** One round; answers what changed and what could not be asked. */
  readonly follow: () => Promise<readonly { readonly server: string; readonly writer: string | null; readonly error?: string }[]>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

/** A writer that died is found out in this time; asking costs a server five short statements. */
const PERIOD_MS = 10_000;

/** Leads sites to the writers of external database servers. What is wrong with one is said once, until it is something else. */
export async function writerLoop({ follow, clock, signal, log }: WriterParts): Promise<void> {
  let said = new Map<string, string>();
  while (!signal.aborted) {
    try {
      const rounds = await follow();
      for (const { server, writer, error } of rounds) {
        if (error === undefined) log({ level: "info", msg: "sites are led to another writer of a database server", server, writer });
        else if (said.get(server) !== error) log({ level: "warning", msg: "a database server has no writer", server, error });
      }
      said = new Map(rounds.flatMap(({ server, error }) => (error === undefined ? [] : [[server, error] as const])));
    } catch (error) {
      log({ level: "warning", msg: "writers of database servers could not be looked for", error: String(error) });
    }
    await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
  }
}

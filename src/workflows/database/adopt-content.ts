import { Readable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, SiteRecord } from "../ports.ts";
import { type ClientPorts, runClient } from "./run-client.ts";
import { siteDatabase } from "./site-database.ts";

/**
 * The words of src/entrypoint/php/import-sql.php, for a ledger that is there: without one, a start adopts whatever tables it finds. A
 * database with no table but the ledger is left to be installed.
 */
const ADOPT = `BEGIN NOT ATOMIC
  IF (SELECT COUNT(*) > 1 AND SUM(TABLE_NAME = 'howdah_ledger') = 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()) THEN
    UPDATE howdah_ledger SET state = 'adopted', detail = 'db import', finished_at = UTC_TIMESTAMP() WHERE step = 'install';
    DELETE FROM howdah_ledger WHERE step LIKE 'migrate:%';
  END IF;
END
//
`;

/**
 * Tells the entrypoint's ledger that the content is somebody's own: an installation that was interrupted before must not take it away as
 * its own leftovers, and, as it may be older than the code, the next start migrates it. Error: `database/failed`.
 */
export async function adoptContent(record: SiteRecord, ports: ClientPorts, context: EngineContext): Promise<void> {
  const { code, output } = await runClient(record, { statements: Readable.from([ADOPT]), options: ["--delimiter=//"] }, ports, context);
  if (code === 0) return;
  throw new HowdahError("database/failed", `The ledger in the database ${siteDatabase(record).name} could not be written`, { output });
}

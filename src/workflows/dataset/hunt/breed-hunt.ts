import { canarySet } from "../../../anonymize/hunt/canary-set.ts";
import { canarySamples, chooseCanaries, type SampledValues } from "../../../anonymize/hunt/choose-canaries.ts";
import { personalHunt } from "../../../anonymize/hunt/find-personal.ts";
import { identifier, sql } from "../../../kernel/sql.ts";
import type { PrivateConnection } from "../../../providers/dataset/private-server.ts";
import type { Site } from "../../../site/site.ts";
import { readableBytes } from "../../database/byte-progress.ts";
import type { EngineContext } from "../../ports.ts";
import type { DatasetCheck } from "../dataset-report.ts";
import type { OpenTables } from "../masking/open-tables.ts";
import { RAW } from "../masking/private-breeder.ts";
import { tallyFiles } from "../files/file-forms.ts";
import { searchFiles } from "../search-files.ts";
import { canaryHunt, huntDefinitions, huntRows, judged, words } from "./hunt-rows.ts";

/** What is looked for in what would be published. */
export interface BreedHunt {
  /** Every file below a directory, and their names. */
  inFiles(name: string, directory: string, context: EngineContext): Promise<readonly DatasetCheck[]>;
  /** Every row, in a clone, and all that is no row. */
  inRows(connection: PrivateConnection, context: EngineContext): Promise<readonly DatasetCheck[]>;
}

export const SEARCHING = "dataset/search";
const TOLD = 20;
const STEP = 64 * 1024 * 1024;

/** Remembers real values of columns that are masked, in this process alone, while the raw tables are there. */
export async function huntIn(opened: OpenTables, site: Site, connection: PrivateConnection): Promise<BreedHunt> {
  const count = site.dataset?.canaries ?? 0;
  const rows = new Map(opened.schema.tables.map((table) => [table.name, table.rows]));
  await connection.query(sql`USE ${identifier(RAW)}`);
  const sampled: SampledValues[] = [];
  for (const { strategy, query } of canarySamples(opened.plan, rows, count)) {
    const values = await connection.query(query);
    sampled.push({ strategy, values: values.flatMap(({ value }) => (typeof value === "string" ? [value] : [])) });
  }
  const canaries = canarySet(chooseCanaries(sampled, count));
  return {
    inFiles: async (name, directory, { emit, signal }) => {
      // Names of tables are no person's words, and the server writes them with an `@` where they have a `-`.
      const names = name === "database" ? canaryHunt(canaries) : personalHunt(canaries);
      let bytes = 0;
      const read = (more: number): void => {
        if (Math.floor(bytes / STEP) !== Math.floor((bytes + more) / STEP))
          emit({ type: "task-progress", id: SEARCHING, detail: `${name}: ${readableBytes(bytes)}` });
        bytes += more;
      };
      const found = await searchFiles(directory, { scan: () => canaries.scan(), name: (path) => names.look(path), read, signal });
      const looked = `${String(canaries.size)} values of production were looked for in ${readableBytes(bytes)}`;
      const detail = found.length === 0 ? looked : `values of production are in ${String(found.length)} files`;
      const files = tallyFiles();
      for (const { path } of found) files.add(path);
      const paths = files.names();
      if (paths !== undefined)
        emit({ type: "notice", level: "warning", message: `Values of production are in these files of ${name}: ${paths}` });
      // Files of a database are named after its tables; all others have production's names.
      const places = name === "database" ? found.slice(0, TOLD).map(({ path, count }) => `${path} (${String(count)})`) : files.forms();
      return [
        { name: `files of ${name}`, passed: found.length === 0, detail, places },
        judged(`names in ${name}`, names.found().map(words), "names of files were looked at"),
      ];
    },
    inRows: async (clone, context) => [huntDefinitions(opened, canaries), await huntRows(opened, canaries, clone, context)],
  };
}

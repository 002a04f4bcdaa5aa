import { compileMaskPlan } from "../../../anonymize/compile-mask-plan.ts";
import type { DatabaseSchema } from "../../../anonymize/database-schema.ts";
import { presetsFor, proposeRules, type RuleEvidence, sampleQuery, type Samples } from "../../../anonymize/scan/propose-rules.ts";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { identifier, sql } from "../../../kernel/sql.ts";
import { dataset as datasetSchema } from "../../../site/schema/dataset.ts";
import type { Site } from "../../../site/site.ts";
import type { SqlClient } from "../../../providers/database/mariadb/sql-client.ts";
import { siteDatabase } from "../../database/site-database.ts";
import type { SiteRecord } from "../../ports.ts";
import { serverReference } from "../../up/database-server.ts";
import { siteWithRules } from "../breed-site.ts";
import type { DatasetPorts } from "../dataset-ports.ts";
import { datasetMounts } from "../preflight.ts";
import { readSchema } from "../read-schema.ts";
import { printProposal } from "./print-proposal.ts";

/** Rules that would make a site's complete: as data, as text to paste, and in the site file's own text. */
export interface DatasetScan {
  readonly site: string;
  readonly file: string;
  /** `spec.dataset`, only what is missing. */
  readonly proposed: ProposedDataset;
  readonly evidence: readonly RuleEvidence[];
  /** To be pasted below `spec:`. */
  readonly yaml: string;
  /** How many tables and columns have a rule already. */
  readonly tables: number;
}

/** What is proposed of `spec.dataset`. */
export interface ProposedDataset {
  readonly presets?: readonly string[];
  readonly prefix?: string;
  readonly tables?: Readonly<Record<string, unknown>>;
  readonly files?: readonly { readonly match: string; readonly action: "replace" }[];
}

type Settings = NonNullable<Site["dataset"]>;

/** Reads definitions and a few rows of each table, and proposes a rule for everything that has none. Changes nothing; samples stay in this process. */
export async function scanDataset(record: SiteRecord, ports: DatasetPorts): Promise<DatasetScan> {
  const { server, name } = siteDatabase(record);
  const site = await siteWithRules(record, ports);
  const { schema, samples } = await ports.datasets.ask(serverReference(server, ports), async (client) => {
    const read = await readSchema(client, name);
    return { schema: read, samples: await readSamples(read, name, client) };
  });
  if (schema.tables.length === 0) throw new HowdahError("dataset/none", `The database of ${record.namespace} has no tables yet`);
  const own: Settings = site.dataset ?? datasetSchema.parse({});
  const applications = presetsFor(schema).filter(({ preset }) => !own.presets.includes(preset));
  const [first] = applications;
  const prefix = own.prefix === undefined && first !== undefined && first.prefix !== "" ? first.prefix : undefined;
  const settings: Settings = {
    ...own,
    presets: [...own.presets, ...applications.map(({ preset }) => preset)],
    ...(prefix === undefined ? {} : { prefix }),
  };
  const { tables, evidence } = proposeRules(schema, samples, settings);
  const files = needsFiles(site, { ...settings, tables: { ...settings.tables, ...tables } } as Settings, schema);
  const proposed: ProposedDataset = {
    ...(applications.length === 0 ? {} : { presets: settings.presets }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(Object.keys(tables).length === 0 ? {} : { tables }),
    ...(files ? { files: [{ match: "**", action: "replace" as const }] } : {}),
  };
  const why = [
    ...applications.map(({ because }) => ({ field: "spec.dataset.presets", because, confidence: "certain" as const })),
    ...evidence,
  ];
  return {
    site: record.namespace,
    file: record.file,
    proposed,
    evidence: why,
    yaml: printProposal(proposed, why),
    tables: schema.tables.length,
  };
}

async function readSamples(schema: DatabaseSchema, database: string, client: SqlClient): Promise<Samples> {
  await client.query(sql`USE ${identifier(database)}`);
  const samples = new Map<string, readonly string[]>();
  for (const table of schema.tables) {
    const query = sampleQuery(table);
    if (query === undefined) continue;
    const rows = await client.query(query);
    for (const { name } of table.columns) {
      const values = rows.flatMap((row) => (typeof row[name] === "string" && row[name] !== "" ? [row[name]] : []));
      if (values.length > 0) samples.set(`${table.name}.${name}`, values);
    }
  }
  return samples;
}

/** Whether mounts have files that no rule covers. */
function needsFiles(site: Site, settings: Settings, schema: DatabaseSchema): boolean {
  const mounts = datasetMounts(site).map(({ path }) => path);
  return compileMaskPlan({ dataset: settings, mounts }, schema).problems.some(({ code }) => code === "dataset/unknown-files");
}

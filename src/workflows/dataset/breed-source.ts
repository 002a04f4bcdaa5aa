import { HowdahError } from "../../kernel/howdah-error.ts";
import { plainVersion, ensureBackupImage } from "../backup/server/backup-image.ts";
import { findServerBackup } from "../backup/server/find-server-backup.ts";
import type { ServerBackup } from "../backup/server/server-backup.ts";
import { withBackups } from "../backup/backup-ports.ts";
import { siteDatabase } from "../database/site-database.ts";
import type { EngineContext, SiteRecord } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import type { Captured } from "./capture/captured.ts";
import { captureBackup } from "./capture/capture-backup.ts";
import { captureDump, loadStreamed } from "./capture/capture-dump.ts";
import { captureSite } from "./capture/capture-site.ts";
import type { DatasetPorts } from "./dataset-ports.ts";
import type { GenerationSource } from "./generation.ts";
import type { Quarantine } from "./quarantine.ts";
import { type Asked, readSchema } from "./read-schema.ts";
import type { DatabaseSchema } from "../../anonymize/database-schema.ts";
import { sql } from "../../kernel/sql.ts";

/** What a person chose: the site's own database as it is now, or as it was in a backup of its server. */
export type WantedSource = { readonly from: "site" } | { readonly from: "backup"; readonly backup: string | undefined };

/** A source that is there. */
export interface BreedSource {
  readonly source: GenerationSource;
  /** Asks the source for its definitions; null when it can't be asked before it is captured: a backup. */
  schema(): Promise<DatabaseSchema | null>;
  /** Of containers that work on its files; no older than what wrote them. */
  image(context: EngineContext): Promise<string>;
  capture(quarantine: Quarantine, context: EngineContext): Promise<Captured>;
}

/** Finds out where the data comes from. Errors: `usage/invalid` for a site without a database, `backup/unknown`. */
export async function breedSource(record: SiteRecord, wanted: WantedSource, ports: DatasetPorts): Promise<BreedSource> {
  const { server, name, client } = siteDatabase(record);
  if (wanted.from === "backup") return fromBackup(record, await findServerBackup(server, wanted.backup, withBackups(ports)), ports);
  return client === undefined ? fromServer({ server, name }, ports) : fromOutside(record, ports);
}

function fromServer({ server, name }: { readonly server: string; readonly name: string }, ports: DatasetPorts): BreedSource {
  const { servers } = ports.datasets;
  const version = async (): Promise<string> => plainVersion(String(await askOne(server, sql`SELECT VERSION() AS version`, ports)));
  return {
    source: { kind: "site", server, database: name },
    schema: () => ports.datasets.ask(serverReference(server, ports), (client: Asked) => readSchema(client, name)),
    image: async (context) => await ensureBackupImage(server, await version(), ports, context),
    capture: async (quarantine, context) =>
      await captureSite({ server, name, version: await version() }, quarantine, { ...ports, servers }, context),
  };
}

async function askOne(server: string, statement: ReturnType<typeof sql>, ports: DatasetPorts): Promise<unknown> {
  return await ports.datasets.ask(serverReference(server, ports), async (client) => {
    const [row] = await client.query(statement);
    return Object.values(row ?? {})[0];
  });
}

function fromBackup(record: SiteRecord, backup: ServerBackup, ports: DatasetPorts): BreedSource {
  const { server, id } = backup;
  const database = backup.databases.find(({ namespace }) => namespace === record.namespace)?.name;
  if (database === undefined) throw new HowdahError("backup/unknown", `${id} of ${server} has no database of ${record.namespace}`);
  return {
    source: { kind: "backup", server, database, backup: id },
    schema: () => Promise.resolve(null),
    image: (context) => ensureBackupImage(server, backup.version, ports, context),
    capture: (quarantine, context) =>
      captureBackup({ backup, database }, quarantine, { ...withBackups(ports), servers: ports.datasets.servers }, context),
  };
}

/** A server whose files are elsewhere. What works on its data is of the version that the site file asks for, as its environments will be. */
function fromOutside(record: SiteRecord, ports: DatasetPorts): BreedSource {
  const { server, name } = siteDatabase(record);
  const { version = "11.8", charset = "utf8mb4", collation = "utf8mb4_unicode_ci" } = record.site.database ?? {};
  return {
    source: { kind: "outside", server, database: name },
    schema: () => ports.datasets.ask(serverReference(server, ports), (client: Asked) => readSchema(client, name)),
    image: (context) => ensureBackupImage(`mariadb-${version.replace(".", "-")}`, "0", ports, context),
    capture: (quarantine, context) =>
      captureDump(
        { name, version, charset, collation, load: (into, within) => loadStreamed(record, into, ports, within) },
        quarantine,
        { ...ports, servers: ports.datasets.servers },
        context,
      ),
  };
}

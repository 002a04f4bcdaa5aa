import { createHash } from "node:crypto";
import { chmod, chown } from "node:fs/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";
import { sql } from "../../kernel/sql.ts";
import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import { PRIVATE_CLIENT_FILE } from "../../render/database/breeder-options.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import { environmentServerOptions } from "../../render/database/environment-server-options.ts";
import { printOptionFile } from "../../render/database/option-file.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import type { Site } from "../../site/site.ts";
import type { Datasets } from "../dataset/dataset-ports.ts";
import { PRIVATE_INIT } from "../dataset/masking/private-breeder.ts";
import type { EngineContext, Ports } from "../ports.ts";

const MIB = 1024 ** 2;
const OPTIONS = [
  { key: "skip-networking", value: null },
  ...(environmentServerOptions({ poolBytes: 64 * MIB, maxConnections: 20 })[0]?.options ?? []),
];

export type EmptyDatabasePorts = Pick<Ports, "datasets" | "datasetStorage" | "sharedImages" | "locks">;

/**
 * The snapshot of a data directory without anybody's tables, for environments that begin empty: making the system tables takes seconds each time, copying
 * them none. Made once for each image of the server. Null where that can't be: the environment's server then makes its own.
 */
export async function emptyDatabase(
  { database }: Pick<Site, "database">,
  ports: EmptyDatabasePorts,
  context: EngineContext,
): Promise<string | null> {
  const { datasets, datasetStorage } = ports;
  const image = database === null ? undefined : (await ports.sharedImages.get(databaseServerName(database.version)))?.reference;
  if (datasets === undefined || datasetStorage === undefined || image === undefined) return null;
  const storage = await datasetStorage.open();
  const id = `empty.${createHash("sha256")
    .update(JSON.stringify([image, OPTIONS]))
    .digest("hex")
    .slice(0, 24)}`;
  if (await isThere(id, storage)) return id;
  try {
    await ports.locks.hold("empty_databases", "env create", async () => {
      if (!(await isThere(id, storage))) await make({ id, image }, datasets, storage, context);
    });
    return id;
  } catch (error) {
    if (context.signal.aborted || !(error instanceof HowdahError)) throw error;
    return null; // another command is at it, or the machine can't: an empty volume is as good, and slower
  }
}

async function isThere(id: string, storage: DatasetStorage): Promise<boolean> {
  return (await storage.list()).some((one) => one.id === id && one.kind === "snapshot");
}

/** What a killed process left goes first. The account with which it is shut down is taken out of the table that the next start reads. */
async function make(
  { id, image }: { readonly id: string; readonly image: string },
  { servers }: Pick<Datasets, "servers">,
  storage: DatasetStorage,
  context: EngineContext,
): Promise<void> {
  const draft = `${id}.new`;
  await storage.destroy(draft);
  const directory = await storage.createVolume(draft);
  await chown(directory, RUN_AS, RUN_AS);
  await chmod(directory, 0o700);
  const server = await servers.start(
    {
      ...{ breed: id, image, argv: [DATABASE_PATHS.entrypoint], memoryBytes: 512 * MIB },
      directories: [{ from: directory, to: DATABASE_PATHS.volume }],
      files: {
        [DATABASE_PATHS.configFile]: printOptionFile([{ name: "mariadbd", options: OPTIONS }]),
        [DATABASE_PATHS.initFile]: PRIVATE_INIT,
        [DATABASE_PATHS.clientFile]: PRIVATE_CLIENT_FILE,
      },
    },
    context.signal,
  );
  try {
    const connection = await server.connect();
    await connection.execute(sql`DELETE FROM mysql.global_priv WHERE User = 'howdah'`);
    await connection.close();
  } catch (error) {
    await server.stop(false);
    throw error;
  }
  await server.stop(true);
  await storage.snapshot(draft, id, context.signal);
  await storage.destroy(draft);
}

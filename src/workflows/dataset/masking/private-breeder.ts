import { chown, mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { RUN_AS } from "../../../kernel/label.ts";
import { sql } from "../../../kernel/sql.ts";
import type { MountedDirectory, PrivateServer, PrivateServers } from "../../../providers/dataset/private-server.ts";
import { breederOptions, PRIVATE_CLIENT_FILE, QUARANTINE } from "../../../render/database/breeder-options.ts";
import { DATABASE_PATHS } from "../../../render/database/server-options.ts";
import type { EngineContext } from "../../ports.ts";
import { giveToServer } from "../give-to-server.ts";
import type { Quarantine } from "../quarantine.ts";

const MIB = 1024 * 1024;
const ADMIN = sql`'howdah'@'localhost'`;
/** The account of a private server: without a password, as nobody but root gets to its socket. */
export const PRIVATE_INIT = [sql`CREATE USER IF NOT EXISTS ${ADMIN}`, sql`GRANT ALL PRIVILEGES ON *.* TO ${ADMIN} WITH GRANT OPTION`]
  .map(
    ({ text }) => `${text};
`,
  )
  .join("");

/** How much memory the server that anonymizes may take: its pool is half of it. */
export const BREEDER_BYTES = 1024 * MIB;

/** The schema that raw tables are attached in, for as long as they are masked. */
export const RAW = "raw";

/** Where a dataset's files are made: `data` below it will be the data directory of every clone. */
export interface Nursery {
  readonly quarantine: Quarantine;
  /** Of the machine: the volume of which the snapshot is made. */
  readonly directory: string;
}

/**
 * Makes an empty data directory, without anybody's tables or accounts. Its server is that of every MariaDB of Howdah, so that clones find it as they expect.
 */
export async function makeEmptyServer(
  nursery: Nursery,
  ports: { readonly servers: PrivateServers },
  context: EngineContext,
): Promise<void> {
  await giveToServer(nursery.directory, 0o700);
  const server = await start(nursery, { argv: [DATABASE_PATHS.entrypoint], sealing: false, directories: [] }, ports, context);
  await server.stop(true);
}

/** The schema of raw tables is a directory of the quarantine's: none of their files ever lies where a snapshot is made of. */
export async function makeMountPoint({ directory }: Nursery): Promise<void> {
  const mountPoint = join(directory, "data", RAW);
  await mkdir(mountPoint, { recursive: true, mode: 0o700 });
  await chown(mountPoint, RUN_AS, RUN_AS);
}

/** The server that masks, with the quarantine's tables in its schema `raw`. */
export async function startBreeder(
  nursery: Nursery,
  ports: { readonly servers: PrivateServers },
  context: EngineContext,
): Promise<PrivateServer> {
  const attached = { from: join(nursery.quarantine.directory, "attached"), to: `${DATABASE_PATHS.volume}/data/${RAW}` };
  return await start(nursery, { argv: [DATABASE_PATHS.entrypoint], sealing: false, directories: [attached] }, ports, context);
}

/** The same server for the last time: without the quarantine, and with the redo of clones. */
export async function startSealing(
  nursery: Nursery,
  ports: { readonly servers: PrivateServers },
  context: EngineContext,
): Promise<PrivateServer> {
  await rmdir(join(nursery.directory, "data", RAW)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  return await start(nursery, { argv: [DATABASE_PATHS.entrypoint], sealing: true, directories: [] }, ports, context);
}

interface Start {
  readonly argv: readonly string[];
  readonly sealing: boolean;
  readonly directories: readonly MountedDirectory[];
}

async function start(
  { quarantine, directory }: Nursery,
  { argv, sealing, directories }: Start,
  { servers }: { readonly servers: PrivateServers },
  { signal }: EngineContext,
): Promise<PrivateServer> {
  const poolBytes = Math.floor(BREEDER_BYTES / 2 / MIB) * MIB;
  const temporary = { from: join(quarantine.directory, "tmp"), to: `${QUARANTINE}/tmp` };
  return await servers.start(
    {
      ...{ breed: quarantine.breed, image: quarantine.image, argv, memoryBytes: BREEDER_BYTES },
      directories: [{ from: directory, to: DATABASE_PATHS.volume }, ...(sealing ? [] : [temporary]), ...directories],
      files: {
        [DATABASE_PATHS.configFile]: breederOptions({ poolBytes, sealing }),
        [DATABASE_PATHS.initFile]: PRIVATE_INIT,
        [DATABASE_PATHS.clientFile]: PRIVATE_CLIENT_FILE,
      },
    },
    signal,
  );
}

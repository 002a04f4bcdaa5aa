import type { PrivateServer, PrivateServers } from "../../providers/dataset/private-server.ts";
import { PRIVATE_CLIENT_FILE } from "../../render/database/breeder-options.ts";
import { environmentServerOptions } from "../../render/database/environment-server-options.ts";
import { printOptionFile } from "../../render/database/option-file.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import type { EngineContext } from "../ports.ts";
import { PRIVATE_INIT } from "./masking/private-breeder.ts";

const MIB = 1024 * 1024;
/** As an environment's server, but for a larger pool: every row is looked at. */
const POOL = 256 * MIB;

/** Starts a clone of what would be published as environments start it: a dataset that does not start is none. */
export async function startTrial(
  { breed, image, directory }: { readonly breed: string; readonly image: string; readonly directory: string },
  { servers }: { readonly servers: PrivateServers },
  { signal }: EngineContext,
): Promise<PrivateServer> {
  return await servers.start(
    {
      ...{ breed, image, argv: [DATABASE_PATHS.entrypoint], memoryBytes: 4 * POOL },
      directories: [{ from: directory, to: DATABASE_PATHS.volume }],
      files: {
        [DATABASE_PATHS.configFile]: printOptionFile(environmentServerOptions({ poolBytes: POOL, maxConnections: 20 })),
        [DATABASE_PATHS.initFile]: PRIVATE_INIT,
        [DATABASE_PATHS.clientFile]: PRIVATE_CLIENT_FILE,
      },
    },
    signal,
  );
}

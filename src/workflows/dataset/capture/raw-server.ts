import type { PrivateServer, PrivateServers } from "../../../providers/dataset/private-server.ts";
import { rawServerOptions } from "../../../render/database/breeder-options.ts";
import { DATABASE_PATHS } from "../../../render/database/server-options.ts";
import type { EngineContext } from "../../ports.ts";
import type { Captured } from "./captured.ts";
import { inQuarantine, type Quarantine } from "../quarantine.ts";

/** A server on captured files, to learn what is in them and to hand over tables. It may be stopped at once: nothing of it is kept. */
export async function startRawServer(
  quarantine: Quarantine,
  files: Captured["files"],
  { servers }: { readonly servers: PrivateServers },
  { signal }: EngineContext,
): Promise<PrivateServer> {
  const container = inQuarantine(quarantine, ["mariadbd", `--defaults-file=${DATABASE_PATHS.configFile}`]);
  return await servers.start({ ...container, files: { [DATABASE_PATHS.configFile]: rawServerOptions(files) } }, signal);
}

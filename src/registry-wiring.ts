import { homedir } from "node:os";
import { join } from "node:path";
import { getuid } from "node:process";
import type { Registry } from "./providers/registry/registry.ts";
import { systemClock } from "./providers/system-clock.ts";

/** A failure counts after that long without any progress. */
const PATIENCE_MS = 180_000;

/** The registry client with podman's own configuration: auth files, certs.d, registries.conf. Loaded when a command needs a registry. */
export async function wireRegistry(environment: NodeJS.ProcessEnv): Promise<Registry> {
  const [{ createRegistry }, { authFiles }] = await Promise.all([
    import("./providers/registry/create-registry.ts"),
    import("./providers/registry/credentials.ts"),
  ]);
  const home = environment["HOME"] ?? homedir();
  const named = environment["CONTAINERS_REGISTRIES_CONF"];
  return createRegistry({
    authFiles: authFiles(environment, home, getuid?.() ?? 0),
    certificateDirectories: ["/etc/containers/certs.d", "/etc/docker/certs.d", join(home, ".config/containers/certs.d")],
    bundle: environment["SSL_CERT_FILE"] ?? "/etc/ssl/certs/ca-certificates.crt",
    configuration: { file: named ?? "/etc/containers/registries.conf", directory: "/etc/containers/registries.conf.d" },
    clock: systemClock,
    random: Math.random,
    patienceMs: PATIENCE_MS,
  });
}

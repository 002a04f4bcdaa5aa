import type { PodmanEngine } from "./engine/podman/podman-engine.ts";
import type { SecretStore } from "./providers/secrets/secret-store.ts";
import type { DrillPorts } from "./workflows/drill/drill-ports.ts";

/** What `howdah drill` needs on one machine. */
export function wireDrills(
  engine: Pick<PodmanEngine, "signal">,
  secrets: SecretStore,
  administratorOf: (server: string) => Promise<string | undefined>,
): DrillPorts {
  return {
    signal: (target, signal) => engine.signal(target, signal),
    scratchDatabase: async (server) => {
      const { adminClient } = await import("./providers/database/mariadb/admin-client.ts");
      const { scratchDatabase } = await import("./providers/database/mariadb/scratch-database.ts");
      return await scratchDatabase(server, adminClient({ secrets, administratorOf }));
    },
  };
}

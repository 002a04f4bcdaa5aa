import type { PodmanEngine } from "./engine/podman/podman-engine.ts";
import { HowdahError } from "./kernel/howdah-error.ts";
import type { AdminSource } from "./providers/database/mariadb/admin-client.ts";
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

/** The same for a server of a cluster, whose pods are harmed through its API. */
export function drillsThere({ through, ...source }: AdminSource): DrillPorts {
  return {
    signal: () => Promise.reject(new HowdahError("bug", "A container of a cluster is not signalled from here")),
    scratchDatabase: async (server) => {
      const { adminClient } = await import("./providers/database/mariadb/admin-client.ts");
      const { scratchDatabase } = await import("./providers/database/mariadb/scratch-database.ts");
      return await scratchDatabase(server, adminClient({ ...source, through }), through);
    },
  };
}

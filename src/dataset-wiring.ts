import { join } from "node:path";
import { machineLimits } from "./engine/podman/machine-limits.ts";
import { podmanPrivateServers } from "./providers/dataset/podman-private-servers.ts";
import type { SecretStore } from "./providers/secrets/secret-store.ts";
import { documentStore } from "./providers/state/document-store.ts";
import type { BreedJournal } from "./workflows/dataset/breed-journal.ts";
import type { Datasets, DatasetSchedule } from "./workflows/dataset/dataset-ports.ts";
import type { CurrentGeneration, Generation, GenerationLease } from "./workflows/dataset/generation.ts";

/** What datasets are made of on one machine. */
export interface DatasetsInput {
  readonly stateDirectory: string;
  readonly runDirectory: string;
  readonly instance: string;
  readonly secrets: SecretStore;
  readonly administratorOf: (server: string) => Promise<string | undefined>;
}

/** Chooses the adapters of datasets; the driver of databases is loaded when a server is asked something. */
export function wireDatasets({ stateDirectory, runDirectory, instance, secrets, administratorOf }: DatasetsInput): Datasets {
  const directory = join(stateDirectory, "datasets");
  return {
    generations: documentStore<Generation>(join(directory, "generations")),
    current: documentStore<CurrentGeneration>(join(directory, "current")),
    leases: documentStore<GenerationLease>(join(directory, "leases")),
    journals: documentStore<BreedJournal>(join(directory, "journals")),
    schedules: documentStore<DatasetSchedule>(join(directory, "schedules")),
    reports: documentStore<unknown>(join(directory, "reports")),
    servers: podmanPrivateServers({ instance, runDir: runDirectory, limits: machineLimits() }),
    ask: async (server, work) => {
      const { adminClient } = await import("./providers/database/mariadb/admin-client.ts");
      return await adminClient({ secrets, administratorOf }).run(server, work);
    },
  };
}

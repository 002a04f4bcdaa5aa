import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ServerReference } from "../../providers/database/database-server.ts";
import type { SqlClient } from "../../providers/database/mariadb/sql-client.ts";
import type { DatasetStorageKeeper } from "../../providers/dataset-storage/dataset-storage-keeper.ts";
import type { PrivateServers } from "../../providers/dataset/private-server.ts";
import type { CronMark } from "../../schedule/due.ts";
import type { DocumentStore, Ports } from "../ports.ts";
import type { BreedDocuments } from "./breed-journal.ts";

/** When the agent breeds a site's dataset. */
export interface DatasetSchedule {
  /** The site's namespace. */
  readonly site: string;
  /** As crons have it; null: what a person said is that there is none, whatever the site file says. */
  readonly schedule: string | null;
  /** `command`: a person said it, and the site file is not asked. */
  readonly from: "command" | "file";
  readonly mark: CronMark | null;
  /** The last breed that it began; null: none yet. */
  readonly last: { readonly generation: string | null; readonly at: string; readonly failure: string | null } | null;
}

/** What datasets of a machine are remembered in, and what they are bred with. */
export interface Datasets extends BreedDocuments {
  /** By the site's namespace. */
  readonly schedules: DocumentStore<DatasetSchedule>;
  /** Reports of anonymization, by `SITE.gN`. Hold no value of production. */
  readonly reports: DocumentStore<unknown>;
  readonly servers: PrivateServers;
  /** Asks a server of sites as its administrator: definitions and estimates, and samples of columns for proposals. */
  ask<T>(server: ServerReference, work: (client: SqlClient) => Promise<T>): Promise<T>;
}

/** What breeding acts on. */
export type DatasetPorts = Ports & { readonly datasets: Datasets; readonly datasetStorage: DatasetStorageKeeper };

/** The ports with datasets in them. Error: `usage/invalid` where there are none. */
export function withDatasets(ports: Ports): DatasetPorts {
  const { datasets, datasetStorage } = ports;
  if (datasets !== undefined && datasetStorage !== undefined) return { ...ports, datasets, datasetStorage };
  throw new HowdahError("usage/invalid", "Datasets of a cluster's sites are not bred by this command yet", {
    hint: "They are bred on a machine that runs the site, or from a backup of it.",
  });
}

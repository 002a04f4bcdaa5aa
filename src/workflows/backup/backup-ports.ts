import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BackupRepository, StoreAccess } from "../../providers/backup/backup-repository.ts";
import type { DocumentStore, Ports } from "../ports.ts";
import type { BackupRecord, Rebuilding, ScheduleDocument, StoreDocument } from "./backup-record.ts";
import type { BinlogArchive } from "./binlog/binlog-archive.ts";
import type { ServerBackup } from "./server/server-backup.ts";

/** What backups are remembered in, and how stores are opened. */
export interface BackupStores {
  readonly stores: DocumentStore<StoreDocument>;
  /** By `NAMESPACE.ID`: neither holds a dot. */
  readonly records: DocumentStore<BackupRecord>;
  readonly schedules: DocumentStore<ScheduleDocument>;
  /** Copies of whole database servers, by `SERVER.ID`. */
  readonly servers: DocumentStore<ServerBackup>;
  /** When a whole server is copied, by its name, which `namespace` has. */
  readonly serverSchedules: DocumentStore<ScheduleDocument>;
  /** By the server's name. */
  readonly archives: DocumentStore<BinlogArchive>;
  /** By namespace: sites whose rebuilding was begun and has not ended. */
  readonly rebuilding: DocumentStore<Rebuilding>;
  open(access: StoreAccess): BackupRepository;
  /** Where the program that stores need is; undefined when it is not installed. */
  program(): Promise<string | undefined>;
}

/** What backing up and restoring act on. */
export type BackupPorts = Pick<
  Ports,
  "engine" | "databases" | "secrets" | "settings" | "clock" | "locks" | "files" | "machine" | "records" | "retained" | "tenants"
> & { readonly backups: BackupStores };

/** What copying whole database servers acts on, beyond that. */
export type ServerBackupPorts = BackupPorts & Pick<Ports, "images" | "sharedImages" | "databaseServers">;

/** The ports with backups in them. Error: `usage/invalid` where there are none. */
export function withBackups(ports: Ports): ServerBackupPorts {
  const { backups } = ports;
  if (backups !== undefined) return { ...ports, backups };
  throw new HowdahError("usage/invalid", "Backups of a cluster's sites can't be made from here", {
    hint: "They are made on the machine that runs the site.",
  });
}

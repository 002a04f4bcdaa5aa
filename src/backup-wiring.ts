import { homedir } from "node:os";
import { join } from "node:path";
import { resticRepositoryOf } from "./providers/backup/restic/restic-repository.ts";
import { findProgram } from "./providers/machine/machine-checks.ts";
import { documentStore } from "./providers/state/document-store.ts";
import { systemClock } from "./providers/system-clock.ts";
import type { BackupStores } from "./workflows/backup/backup-ports.ts";
import type { BackupRecord, Rebuilding, ScheduleDocument, StoreDocument } from "./workflows/backup/backup-record.ts";
import type { ServerBackup } from "./workflows/backup/server/server-backup.ts";
import type { BinlogArchive } from "./workflows/backup/binlog/binlog-archive.ts";

/** Where a machine remembers its backups, and what opens their stores. */
export function wireBackups(stateDirectory: string, environment: NodeJS.ProcessEnv): BackupStores {
  const directory = join(stateDirectory, "backup");
  return {
    stores: documentStore<StoreDocument>(join(directory, "stores")),
    records: documentStore<BackupRecord>(join(directory, "records")),
    servers: documentStore<ServerBackup>(join(directory, "servers")),
    serverSchedules: documentStore<ScheduleDocument>(join(directory, "server-schedules")),
    schedules: documentStore<ScheduleDocument>(join(directory, "schedules")),
    archives: documentStore<BinlogArchive>(join(directory, "archives")),
    rebuilding: documentStore<Rebuilding>(join(directory, "rebuilding")),
    program: () => findProgram("restic", environment["PATH"] ?? ""),
    open: (access) =>
      resticRepositoryOf(access, {
        clock: systemClock,
        path: environment["PATH"] ?? "",
        home: environment["HOME"] ?? homedir(),
        cache: join(stateDirectory, "backup", "cache"),
      }),
  };
}

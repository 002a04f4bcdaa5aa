import { type Condition, readyCondition } from "../../observe/conditions.ts";
import type { Observed } from "../../observe/observed.ts";
import { type BackupStatus, backupStatus } from "../backup/backup-status.ts";
import { type CronStatus, cronStatus } from "../crons/cron-status.ts";
import { type ListedMove, moveOf } from "../database-move/list-moves.ts";
import type { MigrationRecord, Ports, SiteRecord } from "../ports.ts";
import type { ReleaseOutcome } from "../release/release.ts";
import { releasesOf } from "../release/release-store.ts";
import { whyNoWrites } from "../disk-guard/disk-guard-record.ts";
import { watchOf } from "../watch/watch-record.ts";

/** What `howdah status` answers for one site. */
export interface SiteStatus {
  readonly name: string;
  readonly url: string;
  readonly file: string;
  readonly condition: Condition;
  /** Since when it sleeps (RFC 3339); null: it does not. */
  readonly idleSince: string | null;
  /** The release that serves; for a site that an older Howdah started, its code's identity. */
  readonly release: string;
  /** What became of the newest release when it does not serve; null when it does. */
  readonly failed: ReleaseOutcome | null;
  /** A rollout whose command is at work or was killed: its step. */
  readonly rollout: { readonly release: string | null; readonly step: string } | null;
  /** Its pods show files as they are saved; `alive`: the command that brings them there still runs. Null: a release serves. */
  readonly watch: { readonly source: string; readonly since: string; readonly alive: boolean; readonly release: string } | null;
  readonly updatedAt: string;
  readonly php: string | null;
  readonly database: string | null;
  /** Its database is on the way to another server, or a move was cut off; null: neither. */
  readonly move: ListedMove | null;
  /** The last migration that a command had run, with the dump from before it. */
  readonly migration: MigrationRecord | null;
  readonly components: readonly {
    readonly name: string;
    readonly ready: number;
    readonly wanted: number;
    readonly restarts: number;
    readonly memoryBytes: number | null;
  }[];
  readonly crons: readonly CronStatus[];
  /** The last backup that was proved by restoring, and why the last try failed; null for a site without backups. */
  readonly backup: BackupStatus | null;
  readonly volumes: Observed["volumes"];
}

/** One site's status from what is remembered and what the engine sees now. */
export async function siteStatus(record: SiteRecord, ports: Ports): Promise<SiteStatus> {
  const observed = await ports.engine.observe(record.namespace);
  const newest = (await releasesOf(record.namespace, ports))[0]?.outcome;
  const watch = await watchOf(record.namespace, ports);
  const journal = await ports.rollouts.get(record.namespace);
  const writes = record.database === null ? undefined : whyNoWrites(record.database, await ports.diskGuards?.get(record.database.server));
  const components = observed.workloads.map((workload) => {
    const containers = observed.pods.filter((pod) => pod.workload === workload.name).flatMap((pod) => pod.containers);
    const known = containers.flatMap((container) => (container.memoryBytes === undefined ? [] : [container.memoryBytes]));
    return {
      name: workload.name,
      ready: workload.ready,
      wanted: workload.wanted,
      restarts: containers.reduce((sum, container) => sum + container.restarts, 0),
      memoryBytes: known.length === 0 ? null : known.reduce((sum, bytes) => sum + bytes, 0),
    };
  });
  return {
    move: await moveOf(record.namespace, ports),
    name: record.namespace,
    url: record.url,
    file: record.file,
    condition: readyCondition(observed, writes),
    idleSince: observed.idle?.since ?? null,
    release: record.serving?.release ?? record.serving?.releaseId ?? "none yet",
    failed: newest === undefined || newest.state === "serving" || newest.state === "rolling-out" ? null : newest,
    rollout: journal === undefined ? null : { release: journal.release, step: journal.step },
    watch:
      watch === undefined
        ? null
        : {
            ...{ source: watch.source, since: watch.since, release: watch.release },
            alive: await ports.machine.isProcessAlive(watch.process),
          },
    updatedAt: record.serving?.since ?? record.updatedAt,
    php: record.site.runtime?.php ?? null,
    database: record.database === null ? null : `${record.database.server}/${record.database.name}`,
    migration: (await ports.migrations.get(record.namespace)) ?? null,
    components,
    crons: await cronStatus(
      record,
      observed.workloads.some((workload) => workload.down),
      ports,
    ),
    backup: ports.backups === undefined ? null : await backupStatus(record.namespace, ports.backups),
    volumes: observed.volumes,
  };
}

import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { SecretData } from "../../providers/secrets/secret-store.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { withDetail } from "../shown-task.ts";
import { TENANT_KEYS } from "../../kernel/own-names.ts";
import { requireRoot } from "../up/check-machine.ts";
import { runUp } from "../up/run-up.ts";
import { type BackupPorts, withBackups } from "./backup-ports.ts";
import type { BackupRecord, SitePlacement } from "./backup-record.ts";
import { recoverableOf } from "./binlog/recoverable.ts";
import { restorePoint } from "./binlog/restore-point.ts";
import { findBackup, listBackups, storedBackups } from "./find-backup.ts";
import { readManifest } from "./manifest.ts";
import { recoverSite } from "./recover-site.ts";
import { restoreBackup } from "./restore-backup.ts";
import { setSchedule } from "./schedules.ts";
import { recoverTenant } from "./site-placement.ts";
import { findStore, openStore } from "./stores.ts";

/** What to bring back. */
export interface RebuildRequest {
  /** Has a directory with the code of each site, called as `backup ls --from-store` calls the site. */
  readonly code: string;
  /** Only these; empty: all that the store has. */
  readonly names: readonly string[];
  readonly store: string | undefined;
  /** Newest backups alone: binlogs that were shipped after them are not replayed. */
  readonly backupsOnly: boolean;
  /** Of the edge. */
  readonly port?: string;
  readonly bind?: string;
}

/** What became of one site. */
export interface Rebuilt {
  readonly namespace: string;
  readonly outcome: "rebuilt" | "there already" | "failed";
  readonly url: string | null;
  readonly backup: string | null;
  /** The last second of the database, when binlogs were shipped after the backup; null: as of the backup. */
  readonly at: string | null;
  readonly tables: number | null;
  readonly files: number;
  readonly seconds: number;
  /** Why it failed. */
  readonly error?: string;
}

/** A site with its secrets in place. */
interface Prepared {
  readonly namespace: string;
  readonly given: string;
  readonly backup: string;
  readonly placement: SitePlacement | undefined;
  readonly keys: SecretData | undefined;
}

/** What all of one rebuild share. */
interface Rebuild {
  readonly request: RebuildRequest;
  readonly ports: Ports;
  readonly backups: BackupPorts;
  readonly context: EngineContext;
}

/**
 * Runs the sites of a store again on a machine that lost them: secrets first, of all, then each site in turn, its database up to the last shipped
 * second, its files, its tenant, its schedule. One that fails holds up no other, and the same command goes on where it was cut off. A site that runs here
 * already is left alone. Errors: those of the store; `backup/unknown` for a name that it does not have.
 */
export async function rebuildSites(request: RebuildRequest, ports: Ports, context: EngineContext): Promise<readonly Rebuilt[]> {
  await requireRoot(ports);
  const rebuild = { request, ports, backups: withBackups(ports), context };
  return await ports.locks.hold("rebuild_", "backup rebuild", async () => {
    const names = await wantedNames(rebuild);
    const found: Rebuilt[] = [];
    const ready: Prepared[] = [];
    for (const namespace of names) {
      const prepared = await prepareOne(namespace, rebuild);
      if ("outcome" in prepared) found.push(prepared);
      else ready.push(prepared);
    }
    for (const [index, prepared] of ready.entries())
      found.push(await rebuildOne(prepared, `${String(index + 1)} of ${String(ready.length)}`, rebuild));
    return found;
  });
}

async function wantedNames({ request, backups, context }: Rebuild): Promise<readonly string[]> {
  const stored = await storedBackups(request.store, backups, context.signal);
  const there = new Set(stored.map(({ namespace }) => namespace));
  const unknown = request.names.filter((name) => !there.has(name));
  if (unknown.length > 0) throw new HowdahError("backup/unknown", `The store has no backup of ${unknown.join(", ")}`);
  return [...(request.names.length > 0 ? new Set(request.names) : there)].sort();
}

const NOTHING = { url: null, backup: null, at: null, tables: null, files: 0, seconds: 0 } as const;

/** Puts a site's secrets in place before any site runs, so that every binlog is known before a server here writes its own. */
async function prepareOne(namespace: string, rebuild: Rebuild): Promise<Prepared | Rebuilt> {
  const { backups, context } = rebuild;
  context.signal.throwIfAborted();
  const record = await backups.records.get(namespace);
  const begun = await backups.backups.rebuilding.get(namespace);
  if (record !== undefined && begun === undefined)
    return { ...NOTHING, namespace, outcome: "there already", url: record.serving === null ? null : record.url };
  try {
    if (record === undefined || begun === undefined) return await prepareNew(namespace, rebuild);
    const backup = await findBackup(namespace, begun.backup, backups);
    const repository = await openStore(await findStore(backup.store, backups), backups);
    const { placement, secrets } = await readManifest(backup.manifest ?? "", repository, context.signal);
    return { namespace, given: record.file, backup: backup.id, placement, keys: secrets[TENANT_KEYS] };
  } catch (error) {
    return failed(namespace, error, rebuild);
  }
}

async function prepareNew(namespace: string, { request, backups, context }: Rebuild): Promise<Prepared> {
  const directory = join(request.code, namespace);
  if ((await backups.files.kind(directory)) !== "directory")
    throw new HowdahError("site/not-found", `There is no code of ${namespace}: ${directory} is no directory`);
  const { backup, given, placement, data } = await recoverSite({ namespace, store: request.store, directory }, backups, context.signal);
  await backups.backups.rebuilding.put(namespace, { namespace, backup, since: new Date(backups.clock.now()).toISOString() });
  return { namespace, given: given ?? directory, backup, placement, keys: data[TENANT_KEYS] };
}

function failed(namespace: string, error: unknown, { context }: Rebuild): Rebuilt {
  if (!(error instanceof HowdahError) || error.code === "cancelled" || context.signal.aborted) throw error;
  const hint = error.hint === "" ? "" : ` (${error.hint})`;
  return { ...NOTHING, namespace, outcome: "failed", error: `${error.message}${hint}` };
}

async function rebuildOne(prepared: Prepared, place: string, rebuild: Rebuild): Promise<Rebuilt> {
  const { context, ports } = rebuild;
  const { namespace } = prepared;
  context.signal.throwIfAborted();
  const id = `rebuild/${namespace}`;
  const began = ports.clock.now();
  const seconds = (): number => Math.round((ports.clock.now() - began) / 100) / 10;
  context.emit({ type: "task-started", id, title: `${place} · ${namespace}` });
  try {
    const done = await bringBack(prepared, { ...rebuild, context: withDetail(id, context) });
    context.emit({ type: "task-done", id, outcome: "changed", detail: done.url ?? "" });
    return { ...done, seconds: seconds() };
  } catch (error) {
    const why = failed(namespace, error, rebuild);
    context.emit({ type: "task-failed", id, code: "backup/incomplete", message: why.error ?? "" });
    return { ...why, seconds: seconds() };
  }
}

async function bringBack(prepared: Prepared, rebuild: Rebuild): Promise<Rebuilt> {
  const { request, backups, context } = rebuild;
  const { namespace, placement } = prepared;
  const backup = await findBackup(namespace, prepared.backup, backups);
  const well = await runEmpty(prepared, rebuild);
  const target = await backups.records.get(namespace);
  if (target === undefined)
    throw new HowdahError("site/name-taken", `The site file ${prepared.given} is not that of ${namespace}`, {
      hint: "Its metadata.name is another one.",
    });
  const { rebuilding } = backups.backups;
  const begun = await rebuilding.get(namespace);
  // A rebuild that failed after this may have been followed by days in which the site served.
  const { tables, files } = await restoreBackup({ backup, target, fresh: begun?.restored !== true }, backups, context);
  if (begun !== undefined) await rebuilding.put(namespace, { ...begun, restored: true });
  const at = request.backupsOnly || backup.database === null ? null : await toLastSecond(backup, target, rebuild);
  if (!well) await run(prepared, rebuild);
  if (placement?.schedule !== undefined && placement.schedule !== null) await keepSchedule(backup, placement.schedule, backups);
  await rebuilding.remove(namespace);
  return { namespace, outcome: "rebuilt", url: target.url, backup: backup.id, at, tables, files, seconds: 0 };
}

/** Answers whether it is well: many applications are not before they have their database, and are asked again then. */
async function runEmpty(prepared: Prepared, rebuild: Rebuild): Promise<boolean> {
  try {
    await run(prepared, rebuild);
    return true;
  } catch (error) {
    const waits = error instanceof HowdahError && error.code === "site/unhealthy";
    if (!waits || (await rebuild.backups.records.get(prepared.namespace)) === undefined) throw error;
    return false;
  }
}

async function run({ namespace, given, placement, keys }: Prepared, { request, ports, context }: Rebuild): Promise<void> {
  const { code: directory, port, bind } = request;
  const tenant = await recoverTenant(namespace, { placement, keys }, ports, context);
  const hostnames = placement?.tenant?.hostnames ?? undefined;
  const command = { given, directory, verb: "up", dryRun: false, adopt: false, tls: placement?.localTls === true } as const;
  await runUp(
    {
      ...command,
      ...(tenant === undefined ? {} : { tenant, ...(hostnames === undefined ? {} : { hostnames }) }),
      ...(port === undefined ? {} : { port }),
      ...(bind === undefined ? {} : { bind }),
    },
    ports,
    context,
  );
}

/** What the lost machine shipped after the backup. */
async function toLastSecond(backup: BackupRecord, target: Parameters<typeof restorePoint>[0]["target"], rebuild: Rebuild) {
  const { backups, context } = rebuild;
  const known = await listBackups(backup.namespace, backups);
  const [found] = await recoverableOf(backup.namespace, known, backups);
  const last = lastSecond(found?.spans ?? [], backup.database?.ended ?? "");
  if (last === null) return null;
  const { at } = await restorePoint({ namespace: backup.namespace, target, at: last, table: null }, backups, context);
  return at;
}

/** The last whole second that was shipped, in milliseconds of its beginning; null when the backup is not older. */
export function lastSecond(spans: readonly { readonly to: string }[], backupEnded: string): number | null {
  const to = spans
    .map((span) => span.to)
    .sort()
    .at(-1);
  if (to === undefined || to <= backupEnded) return null;
  return Math.floor(Date.parse(to) / 1000) * 1000 - 1000;
}

async function keepSchedule(
  { namespace, store }: BackupRecord,
  { schedule, keep }: NonNullable<SitePlacement["schedule"]>,
  ports: BackupPorts,
): Promise<void> {
  const numbers = { last: String(keep.last), daily: String(keep.daily), weekly: String(keep.weekly), monthly: String(keep.monthly) };
  await setSchedule({ namespace, schedule, store, keep: numbers }, ports);
}

import { applyPlan } from "../../apply/apply-plan.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Step } from "../../plan/step.ts";
import type { Deployment, Rendered } from "../../render/objects.ts";
import { DUMPS_CLAIM } from "../../render/database/render-dump-pod.ts";
import { takeBackOnCluster } from "../database/dumps-beside-data.ts";
import { isBesideSite } from "../database/dumps-beside-site.ts";
import { dumpBeforeMigration } from "../database/migration-dumps.ts";
import { phpTarget } from "../php-target.ts";
import type { EngineContext, MigrationRecord, Ports, SiteRecord } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import { checkMigrations } from "./check-migrations.ts";
import { migrationOutput } from "./migration-output.ts";

/** A migration that must run before pods of the coming release start. */
export interface PendingMigration {
  /** Identity of its inputs. */
  readonly step: string;
  /** What the ledger says of it: nothing yet, or that it was begun before. */
  readonly state: "new" | "started" | "failed" | "interrupted" | "retry";
}

/** What came of a migration. */
export interface MigrationDone {
  readonly step: string;
  /** The database as it was before it; null without a dump. */
  readonly dump: string | null;
}

/** The coming release, as far as a migration needs it. */
export interface ComingRelease {
  readonly record: SiteRecord;
  readonly desired: readonly Rendered[];
  readonly steps: readonly Step[];
}

export type MigrationPorts = Pick<Ports, "engine" | "databases" | "settings" | "clock" | "migrations" | "records" | "files">;

const ID = "migrate";
const SETTLED = ["done", "adopted"];
/** An installation that the next start sees to: it begins with an empty database. */
const UNFINISHED = ["started", "failed"];

/**
 * Whether the coming release has a migration to run first: its inputs are not in the ledger as done. Null as well while the site is not
 * installed: the first start installs and migrates what was empty, and there is nothing to lose. Sites without a database, and environments, whose data is a
 * copy, migrate at start.
 */
export async function pendingMigration(record: SiteRecord, ports: MigrationPorts): Promise<PendingMigration | null> {
  const { site, database } = record;
  if (database === null || site.hooks.migrate.length === 0 || site.preview !== undefined) return null;
  const place = { server: serverReference(database.server, ports), name: database.name };
  const rows = await ports.databases.ledger(place);
  if (rows === null) return (await ports.databases.tableCount(place)) === 0 ? null : { step: record.migration, state: "new" };
  const stateOf = (step: string): string | undefined => rows.find((row) => row.step === step)?.state;
  if (rows.length === 0 || UNFINISHED.includes(stateOf("install") ?? "")) return null;
  const state = stateOf(`migrate:${record.migration}`) ?? "new";
  if (SETTLED.includes(state)) return null;
  return { step: record.migration, state: state as PendingMigration["state"] };
}

/**
 * Runs a pending migration: a dump first, then the hook, once, in a container of the coming release's image, under the ledger's row lock.
 * Whoever dies meanwhile: the ledger has a row from the moment it begins, so the next call finds it done, waits for it, repeats it when the
 * site file allows that, or asks a person. Errors: `site/migrate-failed`, `site/migration-interrupted`, `machine/disk-full`,
 * `database/*`, `site/migration-unsafe`; each names the dump when there is one. The former release is not touched.
 */
export async function runMigration(
  pending: PendingMigration,
  coming: ComingRelease,
  ports: MigrationPorts,
  context: EngineContext,
): Promise<MigrationDone> {
  const { record } = coming;
  const { site } = record;
  if (pending.state === "interrupted" && !site.migration.repeatable) throw interrupted(record, pending);
  await checkMigrations(record, ports, context.emit);
  const dump = site.migration.dump ? await dumpBeforeMigration(record, pending.step, ports, context) : null;
  const note = async (state: MigrationRecord["state"], reason: string | null): Promise<void> => {
    const at = new Date(ports.clock.now()).toISOString();
    await ports.migrations.put(record.namespace, { step: pending.step, state, dump, at, reason });
  };
  await note("running", null);
  try {
    await runHook(coming, ports, context);
  } catch (error) {
    const failure = withDump(error, record, dump, ports);
    const cut = failure instanceof HowdahError && failure.code === "site/migration-interrupted";
    await note(cut ? "interrupted" : "failed", failure.message);
    throw failure;
  }
  await note("done", null);
  return { step: pending.step, dump };
}

/** The hook in a container of its own: configuration, volumes and secrets of the coming release are put in place, none of its pods is started. */
async function runHook({ record, desired, steps }: ComingRelease, ports: MigrationPorts, context: EngineContext): Promise<void> {
  const { site, namespace } = record;
  const surroundings = steps.filter(({ key, do: verb }) => verb !== "delete" && /^(ConfigMap|PersistentVolumeClaim)\//.test(key));
  await applyPlan(namespace, surroundings, ports.engine, context);
  const target = phpTarget(site, namespace);
  const deployment = desired.find(({ key }) => key === `Deployment/${target.workload}`)?.object as Deployment | undefined;
  if (deployment === undefined) throw new HowdahError("bug", `There is no Deployment ${target.workload} to migrate in`);
  const deadline = AbortSignal.timeout(site.migration.timeoutSeconds * 1000);
  const output = migrationOutput(context.emit, ID);
  const request = {
    argv: ["/usr/bin/php", "/usr/lib/howdah/entrypoint.php", "migrate"],
    stdin: "none",
    stdout: output.stream,
    stderr: output.stream,
    env: { HOWDAH_ATTEMPT: new Date(ports.clock.now()).toISOString() },
  } as const;
  const during = { ...context, signal: AbortSignal.any([context.signal, deadline]) };
  let lost: HowdahError | undefined;
  const code = await ports.engine.runOnce({ ...target, desired: deployment }, request, during).catch((error: unknown) => {
    if (during.signal.aborted) return 143;
    if (!(error instanceof HowdahError) || error.code !== "engine/crashed") throw error;
    lost = error; // its container or pod was taken away
    return 137;
  });
  if (code === 0) return;
  const { failure, lines } = output.read();
  if (failure !== undefined && !during.signal.aborted) throw new HowdahError(failure.code, failure.message, { output: lines });
  // Its container told nothing: the ledger knows how far it came.
  const pending = await pendingMigration(record, ports);
  if (pending === null) return;
  const why = deadline.aborted
    ? `it did not end within ${String(site.migration.timeoutSeconds)} s`
    : context.signal.aborted
      ? "it was stopped"
      : (lost?.message ?? `its container ended with exit code ${String(code)}`);
  const said = lines.length > 0 ? lines : (lost?.output ?? []);
  if (pending.state === "started")
    throw new HowdahError("site/migration-interrupted", `The migration ${record.migration} was cut off: ${why}`, { output: said });
  throw new HowdahError(
    context.signal.aborted ? "cancelled" : "site/migrate-failed",
    `The migration ${record.migration} did not begin: ${why}`,
    { output: said },
  );
}

function interrupted(record: SiteRecord, { step }: PendingMigration): HowdahError {
  const { name } = record.site;
  return new HowdahError("site/migration-interrupted", `The migration ${step} of ${name} was cut off before, and nobody has decided yet`, {
    hint: decisions(name, record.site.migration.repeatable),
  });
}

function decisions(name: string, repeatable: boolean): string {
  if (repeatable) return "It may be repeated: `howdah up` runs it again.";
  return `Look at the database. May it run again: \`howdah migrate ${name} --retry\`. Is it done: \`howdah migrate ${name} --mark-done\`. Then \`howdah up\`. On a cluster both take \`--context NAME\`, and the operator goes on by itself.`;
}

/** Says where the database from before is; it is never put back by itself while the former release serves and writes. */
function withDump(error: unknown, record: SiteRecord, dump: string | null, { engine }: Pick<Ports, "engine">): Error {
  if (!(error instanceof HowdahError)) return error as Error;
  const { name, migration } = record.site;
  const next =
    error.code === "site/migration-interrupted" ? decisions(name, migration.repeatable) : "Mend it, then `howdah up` runs it again.";
  const before = dump === null ? "" : ` ${wayBack(record, dump, engine.kind)}`;
  return new HowdahError(error.code, error.message, {
    output: error.output,
    hint: `The former release goes on serving. ${next}${before}`,
    cause: error,
  });
}

function wayBack(record: SiteRecord, dump: string, engine: Ports["engine"]["kind"]): string {
  if (engine === "kubernetes" && isBesideSite(record))
    return `The database from before is ${dump} on the volume ${DUMPS_CLAIM} of ${record.namespace}: docs/how-to/restore-on-kubernetes.md says how it comes back.`;
  const command = engine === "kubernetes" ? takeBackOnCluster(record, dump) : `howdah db import ${record.site.name} ${dump} --clean --yes`;
  return `The database from before is in ${dump}; \`${command}\` takes it back.`;
}

import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BackupAsk, ClusterBackup } from "../../workflows/cluster/cluster-backups.ts";
import { confirm, REPLACES } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import { table } from "../report/table.ts";
import { type ClusterFlags, contextOf, placeOf } from "./cluster-options.ts";
import { withReporter } from "./with-reporter.ts";

/** Flags of the backup verbs on a cluster. */
export interface BackupThereFlags extends ClusterFlags {
  /** Which Backup of the namespace. */
  readonly plan?: string;
}

async function placeFor(given: string | undefined, flags: ClusterFlags, context: CliContext) {
  const chosen = contextOf(flags) ?? { name: undefined };
  return placeOf(flags, chosen, given, await context.ports(), context);
}

/** `backup now|verify|restore --context`: asks the operator, and waits for it. `value` is what the annotation says before its own end. */
export async function askThere(
  given: string | undefined,
  ask: { readonly what: BackupAsk["what"]; readonly id: string | undefined; readonly yes: boolean },
  flags: BackupThereFlags,
  context: CliContext,
): Promise<number> {
  const { askClusterBackup, clusterBackup } = await import("../../workflows/cluster/cluster-backups.ts");
  const place = await placeFor(given, flags, context);
  const backup = await clusterBackup(place, flags.plan, context.signal);
  const id = ask.what === "backup-now" ? "" : (ask.id ?? newest(backup));
  if (ask.what === "restore")
    await confirm(
      `Replace what ${place.namespace} on ${place.cluster.context} holds with ${id}? It is backed up first.`,
      ask.yes,
      context,
      REPLACES,
    );
  return await withReporter(context, async (ports, engine) => {
    const time = new Date(ports.clock.now()).toISOString();
    const value = ask.what === "backup-now" ? time : `${id}/${time}`;
    const done = await askClusterBackup(place, backup.name, { what: ask.what, value }, { ports, context: engine });
    return answer(context, done, wordsOf(ask.what, done));
  });
}

/** `backup delete --context`: asks the operator to delete backups from the store, and waits for it. */
export async function deleteBackupsThere(
  given: string,
  { ids, yes }: { readonly ids: readonly string[]; readonly yes: boolean },
  flags: BackupThereFlags,
  context: CliContext,
): Promise<number> {
  const { askClusterBackup, clusterBackup } = await import("../../workflows/cluster/cluster-backups.ts");
  const place = await placeFor(given, flags, context);
  const backup = await clusterBackup(place, flags.plan, context.signal);
  const wrong = ids.find((id) => !BACKUP_ID.test(id));
  if (wrong !== undefined)
    throw new HowdahError("usage/invalid", `${JSON.stringify(wrong)} names no backup`, {
      hint: "`howdah backup ls --context NAME` lists them.",
    });
  await confirm(`Delete ${ids.join(", ")} of ${place.namespace} on ${place.cluster.context} for good?`, yes, context);
  return await withReporter(context, async (ports, engine) => {
    const value = `${ids.join(",")}/${new Date(ports.clock.now()).toISOString()}`;
    const done = await askClusterBackup(place, backup.name, { what: "delete-backups", value }, { ports, context: engine });
    return answer(context, done, `Deleted: ${ids.join(", ")}.\n`);
  });
}

const BACKUP_ID = /^[0-9]{8}-[0-9]{6}-[0-9a-f]{4}$/;

function newest({ name, status: { backups = [] } }: ClusterBackup): string {
  const found = backups.find(({ why }) => why !== "before a restore");
  if (found !== undefined) return found.id;
  throw new HowdahError("backup/unknown", `The Backup ${name} has made none yet`);
}

function wordsOf(what: BackupAsk["what"], { status: { verified, restored } }: ClusterBackup): string {
  if (what === "restore" && restored !== undefined)
    return `${restored.id} is restored. What was there before is ${restored.before ?? "not kept"}: restoring that undoes it.\n`;
  return verified === undefined ? "done\n" : `${verified.id}: verified ${(verified.at ?? "").slice(0, 19)}, ${amounts(verified)}\n`;
}

function amounts({
  tables = 0,
  rows = 0,
  files = 0,
}: {
  readonly tables?: number | undefined;
  readonly rows?: number | undefined;
  readonly files?: number | undefined;
}): string {
  return `${String(tables)} tables, ${String(rows)} rows, ${String(files)} files`;
}

/** `backup ls --context`. */
export async function listBackupsThere(given: string | undefined, flags: BackupThereFlags, context: CliContext): Promise<number> {
  const { clusterBackups } = await import("../../workflows/cluster/cluster-backups.ts");
  const found = await clusterBackups(await placeFor(given, flags, context), context.signal);
  const rows = found.flatMap(({ name, status: { backups = [] } }) =>
    backups.map((one) => [
      name,
      one.id,
      (one.at ?? "").slice(0, 19),
      one.why,
      one.verified === undefined ? "no" : one.verified.slice(0, 19),
    ]),
  );
  const failed = found.flatMap(({ name, status }) => (status.failed === undefined ? [] : [`! ${name}: ${status.failed.message}\n`]));
  const list = rows.length === 0 ? "No backups.\n" : table([["PLAN", "BACKUP", "TIME", "WHY", "VERIFIED"], ...rows]);
  return answer(context, found, `${list}${failed.join("")}`);
}

/** What `backup schedule` says of a Backup. */
export interface ScheduleThere {
  readonly schedule: string;
  readonly store: string | undefined;
  readonly timeZone: string | undefined;
  readonly keep: { readonly last: string; readonly daily: string; readonly weekly: string; readonly monthly: string };
  readonly off: boolean;
}

/** `backup schedule --context`: makes or changes the namespace's Backup. */
export async function scheduleThere(
  given: string | undefined,
  wanted: ScheduleThere,
  flags: BackupThereFlags,
  context: CliContext,
): Promise<number> {
  const { applyClusterBackup } = await import("../../workflows/cluster/cluster-backups.ts");
  const place = await placeFor(given, flags, context);
  const numbers = Object.entries(wanted.keep).map(([name, text]) => [name, count(text)] as const);
  const spec = {
    store: wanted.store ?? "default",
    ...(wanted.off ? {} : { schedule: wanted.schedule }),
    ...(wanted.timeZone === undefined ? {} : { timeZone: wanted.timeZone }),
    keep: Object.fromEntries(numbers),
  };
  const made = await applyClusterBackup(place, flags.plan ?? "site", spec, context.signal);
  const words = wanted.off ? "has no schedule any more; its backups stay" : `is backed up at ${wanted.schedule} to ${spec.store}`;
  return answer(context, made, `${place.namespace} ${words}.\n`);
}

function count(text: string): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  throw new HowdahError("usage/invalid", `${JSON.stringify(text)} is no number of backups`);
}

function answer(context: CliContext, found: unknown, words: string): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : words);
  return 0;
}

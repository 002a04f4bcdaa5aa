import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { BackupStatus } from "../../resources/schema/backup.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";
import { statusOf } from "../status.ts";
import { rests } from "../tenant/suspension.ts";
import { type BackupLook, report } from "./backup-look.ts";
import { backupVerdicts } from "./backup-verdicts.ts";

type Current = BackupStatus["current"];

/** What waits for a release, a tenant or another Backup is looked at again after this. Milliseconds. */
const WAIT_MS = 10_000;

/**
 * Why a piece of work can't be begun now: a dump in the middle of a migration is of no release, a suspended tenant's user can't log in, and what a restore
 * puts in place nobody may read or write meanwhile. Also asked before the half of a restore that replaces data: the first one takes its time.
 */
export async function whyWait(look: BackupLook, what: string): Promise<string | undefined> {
  const { environment = {}, namespace, object, ports, signal } = look;
  if (rests(environment)) return "The tenant is suspended: nothing is backed up until it is resumed";
  if (environment.rollout !== undefined) return "A release is being taken into service";
  if (what === "verify") return undefined;
  const { items } = await ports.api.list(resources.Backup, { namespace }, signal);
  const other = items.find((one) => one.metadata.name !== object.metadata.name && excludes(one, what, look));
  if (other === undefined) return undefined;
  return `The Backup ${other.metadata.name} is at ${currentOf(other)?.what === "restore" ? "a restore" : "a backup"} of the same namespace`;
}

/** Two restores that wait for each other before their second half go by their names. */
function excludes(other: KubeObject, what: string, { object, status }: BackupLook): boolean {
  const theirs = currentOf(other);
  if (theirs === undefined || theirs.what === "verify" || (what !== "restore" && theirs.what !== "restore")) return false;
  return !(isBetween(theirs) && isBetween(status.current) && object.metadata.name < other.metadata.name);
}

/** What is there is backed up, and nothing is replaced yet. */
function isBetween(current: Current): boolean {
  return current?.before !== undefined && current.made !== true;
}

function currentOf(backup: KubeObject): Current {
  return statusOf<BackupStatus>(backup).current;
}

/** Says why it waits, and looks again soon. */
export async function waitsFor(look: BackupLook, message: string): Promise<Outcome> {
  const known = backupVerdicts(look.status).filter(({ type }) => type !== "Reconciling");
  await report(look, look.status, [...known, { type: "Reconciling", status: "True", reason: "Waiting", message }]);
  return { again: WAIT_MS };
}

/** The Backup of a namespace that is at a restore; none in a cluster that knows no Backups yet (a Helm upgrade brings no definitions). */
export async function restoringBackup(
  namespace: string,
  { api }: Pick<OperatorPorts, "api">,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { items } = await api.list(resources.Backup, { namespace }, signal);
    return items.find((one) => currentOf(one)?.what === "restore")?.metadata.name;
  } catch (error) {
    if (error instanceof HowdahError && error.code === "cluster/not-installed") return undefined;
    throw error;
  }
}

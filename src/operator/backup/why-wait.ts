import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { BackupStatus } from "../../resources/schema/backup.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";
import { statusOf } from "../status.ts";
import { rests, tenantOf } from "../tenant/suspension.ts";
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
  const suspended = "The tenant is suspended: nothing is backed up until it is resumed";
  if (rests(environment)) return suspended;
  if (environment.rollout !== undefined && what !== "delete") return "A release is being taken into service";
  if (what === "verify") return undefined;
  // A site whose tenant is to be suspended rests in a moment: what replaces its data then would lose its database user in the middle.
  if (what === "restore" && (await isToRest(look))) return suspended;
  const { items } = await ports.api.list(resources.Backup, { namespace }, signal);
  const other = items.find((one) => one.metadata.name !== object.metadata.name && excludes(one, what, look));
  if (other === undefined) return undefined;
  return `The Backup ${other.metadata.name} is at ${currentOf(other)?.what === "restore" ? "a restore" : "a backup"} of the same namespace`;
}

async function isToRest({ namespace, ports, signal }: BackupLook): Promise<boolean> {
  const found = await ports.api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
  return (await tenantOf(found, ports, signal))?.suspended === true;
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

/** The Backup of a namespace that is at a restore. */
export async function restoringBackup(
  namespace: string,
  ports: Pick<OperatorPorts, "api">,
  signal: AbortSignal,
): Promise<string | undefined> {
  return (await restores(namespace, ports, signal))[0]?.metadata.name;
}

/** The one whose restore replaces data just now: its Job was made, whether or not that was written down. */
export async function replacingBackup(
  namespace: string,
  ports: Pick<OperatorPorts, "api">,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const one of await restores(namespace, ports, signal)) {
    const { before, made, job = "" } = currentOf(one) ?? {};
    if (before === undefined) continue;
    const replaces = made === true || (await ports.api.get({ resource: resources.Job, namespace, name: job }, signal)) !== undefined;
    if (replaces) return one.metadata.name;
  }
  return undefined;
}

/** None in a cluster that knows no Backups yet (a Helm upgrade brings no definitions). */
async function restores(namespace: string, { api }: Pick<OperatorPorts, "api">, signal: AbortSignal): Promise<readonly KubeObject[]> {
  try {
    const { items } = await api.list(resources.Backup, { namespace }, signal);
    return items.filter((one) => currentOf(one)?.what === "restore");
  } catch (error) {
    if (error instanceof HowdahError && error.code === "cluster/not-installed") return [];
    throw error;
  }
}

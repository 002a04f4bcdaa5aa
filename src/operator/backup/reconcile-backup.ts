import { errorCatalog } from "../../kernel/error-catalog.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type BackupStatus, backupSpec } from "../../resources/schema/backup.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import { PRODUCTION } from "../../workflows/cluster/cluster-place.ts";
import { stalledBy } from "../database-server/server-look.ts";
import type { OperatorPorts, Outcome, Reconcile } from "../operator-ports.ts";
import { statusOf } from "../status.ts";
import { type BackupLook, report } from "./backup-look.ts";
import { ASKS, type BackupDecision, decideBackup, scheduleOfBackup, type WantedWork } from "./decide-backup.ts";
import { followBackup } from "./follow-backup.ts";
import { backupId, type CurrentWork, jobName } from "./plan-job.ts";
import { holdBackup, releaseBackup } from "./release-backup.ts";
import { failedBesides, stillFailed } from "./still-failed.ts";
import { waitsFor, whyWait } from "./why-wait.ts";

/** Clocks of the watch and of the schedule are one: no look is later than this. */
const LONGEST_MS = 3_600_000;
/** So much is shown of what somebody wrote into an annotation. */
const MOST_TOLD = 60;

/**
 * Brings a Backup to what it asks for, one piece of work at a time: what is to be done is written into its status before its Job is made, and the Job's name
 * follows from that, so an operator that dies anywhere repeats nothing and forgets nothing.
 */
export function reconcileBackup(ports: OperatorPorts): Reconcile {
  return async ({ namespace = "", name }, signal) => {
    const object = await ports.api.get({ resource: resources.Backup, namespace, name }, signal);
    if (object === undefined) return {};
    const read = backupSpec.safeParse(object["spec"] ?? {});
    const status = statusOf<BackupStatus>(object);
    const [issue] = read.error?.issues ?? [];
    const seen = await ports.api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal);
    const environment = seen === undefined ? undefined : statusOf<EnvironmentStatus>(seen);
    const look: BackupLook = { object, namespace, spec: read.data ?? backupSpec.parse({}), status, environment, ports, signal };
    if (object.metadata.deletionTimestamp !== undefined) return releaseBackup(look);
    await holdBackup(look, ports);
    const former = object.metadata.annotations?.[ASKS.restore] ?? object.metadata.annotations?.[ASKS.delete];
    if (status.observedGeneration === undefined && former !== undefined) return leaveFormer(look);
    if (!read.success && status.current === undefined)
      return report(look, status, stalledBy("SpecInvalid", `spec.${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`));
    return status.current === undefined ? begin(look) : followBackup(look, status.current);
  };
}

/**
 * A Backup that is made anew, from a repository or from a copy of the cluster, has the annotations of the former one: a restore that somebody wanted
 * then would take away what came since. Nobody has seen this object before, so nobody asked it.
 */
async function leaveFormer(look: BackupLook): Promise<Outcome> {
  const { object, ports, status } = look;
  const { [ASKS.restore]: restore, [ASKS.delete]: deletion } = object.metadata.annotations ?? {};
  const there = `was there when this Backup was made, so nothing is`;
  if (restore !== undefined) {
    const message = `${ASKS.restore} ${there} restored. To restore: another value, such as BACKUP/ANYTHING`;
    await ports.tell(object, { type: "Warning", reason: "RestoreNotAsked", message });
  }
  if (deletion !== undefined)
    await ports.tell(object, { type: "Warning", reason: "DeletionNotAsked", message: `${ASKS.delete} ${there} deleted` });
  const asked = { ...(restore === undefined ? {} : { restore }), ...(deletion === undefined ? {} : { delete: deletion }) };
  await report(look, { ...status, asked });
  return { again: 0 };
}

/** Who asks for what names no backup is told so, by the same way as of one that failed. */
async function refuse(
  look: BackupLook,
  status: Partial<BackupStatus>,
  { what, id }: NonNullable<BackupDecision["refused"]>,
): Promise<Outcome> {
  const { reason } = errorCatalog["backup/unknown"];
  const message = `${ASKS[what]}: ${JSON.stringify(id.slice(0, MOST_TOLD))} names no backup (as 20261122-030412-a1b2 does). Nothing was done.`;
  await look.ports.tell(look.object, { type: "Warning", reason, message });
  const failed = { at: new Date(look.ports.clock.now()).toISOString(), what, reason, message };
  await report(look, { ...status, failed: failedBesides(status.failed, failed) });
  return { again: 0 };
}

async function begin(look: BackupLook): Promise<Outcome> {
  const { object, namespace, spec, status, ports } = look;
  const { name, annotations = {} } = object.metadata;
  let schedule: ReturnType<typeof scheduleOfBackup>;
  try {
    schedule = scheduleOfBackup(spec, namespace, name);
  } catch (error) {
    if (!(error instanceof HowdahError)) throw error;
    return report(look, status, stalledBy("SpecInvalid", error.message));
  }
  const now = ports.clock.now();
  const { work, mark, next, asked, refused } = decideBackup(schedule, status, annotations, now);
  const wait = work === undefined ? undefined : await whyWait(look, work.what);
  if (wait !== undefined) return waitsFor(look, wait);
  const known = acknowledged(status, annotations);
  const remembered = { ...known, mark, next: next === undefined ? undefined : new Date(next).toISOString(), asked };
  if (refused !== undefined) return refuse(look, remembered, refused);
  if (work === undefined) {
    await report(look, remembered);
    return next === undefined ? {} : { again: Math.min(Math.max(next - now, 1000), LONGEST_MS) };
  }
  const since = new Date(now).toISOString();
  const why = work.what === "backup" ? work.why : work.what === "restore" ? "before a restore" : "asked";
  const trigger = `${work.what} ${since} ${work.what === "delete" ? work.ids.join(",") : why}`;
  const of = {
    ...(work.what === "restore" ? { restore: work.id } : {}),
    ...(work.what === "delete" ? { ids: [...work.ids] } : {}),
  };
  const current: CurrentWork = {
    what: work.what,
    id: idOf(work, object, { since, trigger }),
    why,
    job: jobName(object, trigger),
    since,
    ...of,
  };
  await report(look, { ...remembered, current });
  return { again: 0 };
}

function idOf(
  work: WantedWork,
  { metadata }: KubeObject,
  { since, trigger }: { readonly since: string; readonly trigger: string },
): string {
  if (work.what === "verify") return work.id;
  return work.what === "delete" ? work.ids.join(", ") : backupId(since, `${metadata.uid ?? ""} ${trigger}`);
}

/** A restore or a deletion that failed is told until another one worked, or until somebody takes its annotation away. */
function acknowledged(status: Partial<BackupStatus>, annotations: Readonly<Record<string, string>>): Partial<BackupStatus> {
  const what = status.failed?.what;
  if ((what !== "restore" && what !== "delete") || annotations[ASKS[what]] !== undefined) return status;
  const { failed, ...rest } = status;
  const still = stillFailed(failed, what);
  return still === undefined ? rest : { ...rest, failed: still };
}

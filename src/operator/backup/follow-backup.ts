import { type ErrorCode, errorCatalog } from "../../kernel/error-catalog.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { BackupStatus } from "../../resources/schema/backup.ts";
import { isWorthAnotherTry, makePlanned } from "../make-planned.ts";
import type { Outcome } from "../operator-ports.ts";
import { type BackupLook, report } from "./backup-look.ts";
import { type JobOutcome, jobEnd, jobOutcome } from "./job-outcome.ts";
import { type CurrentWork, jobName, planJob } from "./plan-job.ts";
import { failedBesides, stillFailed } from "./still-failed.ts";
import { waitsFor, whyWait } from "./why-wait.ts";

/** A Job that runs is looked at again after this, though its end is an event. Milliseconds. */
const RUNS_MS = 15_000;
/** A Job whose pod no node has taken, or whose image did not come, is given up after this. */
const STARTS_MS = 600_000;
/** More of them are in the store, but not in the status. */
const TOLD = 90;

/** Follows what is under way: makes its Job, waits for its end, and takes what it says. */
export async function followBackup(look: BackupLook, current: CurrentWork): Promise<Outcome> {
  const { namespace, ports, signal, status } = look;
  const job = await ports.api.get({ resource: resources.Job, namespace, name: current.job }, signal);
  if (job === undefined && current.made === true)
    return finish(look, current, { failed: { code: "backup/failed", message: "Its Job was deleted before it ended" } });
  if (job === undefined) {
    const wait = current.before === undefined ? undefined : await whyWait(look, current.what);
    return wait === undefined ? make(look, current) : waitsFor(look, wait);
  }
  const end = jobEnd(job);
  if (end !== undefined) return finish(look, current, jobOutcome(end, await podOf(look, current)));
  await report(look, { ...status, current: { ...current, made: true } });
  const since = Date.parse(current.since ?? "");
  if (ports.clock.now() - since < STARTS_MS || hasBegun(await podOf(look, current))) return { again: RUNS_MS };
  const { uid = "" } = job.metadata;
  await ports.api.delete(
    { resource: resources.Job, namespace, name: current.job },
    { preconditions: { uid }, propagation: "Background" },
    signal,
  );
  const message = `Its pod did not start within ${String(STARTS_MS / 60_000)} minutes: \`kubectl --namespace ${namespace} get events\` says why`;
  return finish(look, current, { failed: { code: "backup/failed", message } });
}

async function podOf({ namespace, ports, signal }: BackupLook, { job }: CurrentWork): Promise<KubeObject | undefined> {
  const { items } = await ports.api.list(resources.Pod, { namespace, labelSelector: `job-name=${job}` }, signal);
  return items.at(-1);
}

function hasBegun(pod: KubeObject | undefined): boolean {
  const { initContainerStatuses = [], containerStatuses = [] } = (pod?.["status"] ?? {}) as {
    readonly initContainerStatuses?: readonly { readonly state?: { readonly waiting?: object } }[];
    readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: object } }[];
  };
  return [...initContainerStatuses, ...containerStatuses].some(({ state }) => state !== undefined && state.waiting === undefined);
}

async function make(look: BackupLook, current: CurrentWork): Promise<Outcome> {
  const { object, spec, status, ports, signal, environment } = look;
  try {
    const planned = await planJob({ backup: object, spec, current, release: environment?.release }, ports, signal);
    await makePlanned(planned, ports.api, signal);
  } catch (error) {
    if (!(error instanceof HowdahError) || signal.aborted || isWorthAnotherTry(error)) throw error;
    return finish(look, current, { failed: { code: error.code, message: error.message } });
  }
  // Its pod has its time from now on: the first half took some.
  const since = current.before === undefined ? {} : { since: new Date(ports.clock.now()).toISOString() };
  await report(look, { ...status, current: { ...current, ...since, made: true } });
  return { again: RUNS_MS };
}

/** Takes what a Job said into the status. What it did not say did not happen. */
async function finish(look: BackupLook, current: CurrentWork, outcome: JobOutcome): Promise<Outcome> {
  const { object, ports, status } = look;
  const { current: _done, failed: former, ...before } = status;
  const known = withCleaning(withoutDeleted({ ...before, ...found(status, current, outcome) }, outcome, ports), outcome, ports);
  if (outcome.uncleaned !== undefined)
    await ports.tell(object, {
      type: "Warning",
      reason: "NotDeleted",
      message: `What is no longer kept is still there: ${outcome.uncleaned}`,
    });
  const isFirstHalf = current.what === "restore" && current.before === undefined;
  if (outcome.failed === undefined && isFirstHalf && outcome.verified !== undefined) {
    const next = { ...current, before: current.id, job: jobName(object, `${current.job} restore`) };
    const { made: _made, ...second } = next;
    await report(look, { ...known, ...(former === undefined ? {} : { failed: former }), current: second });
    return { again: 0 };
  }
  const failed = outcome.failed ?? silent(current, outcome);
  if (failed === undefined) {
    await ports.tell(object, { type: "Normal", reason: DONE[current.what] ?? "Done", message: `${current.restore ?? current.id}: done` });
    const still = stillFailed(former, current.what);
    await report(look, { ...known, ...(still === undefined ? {} : { failed: still }) });
    return { again: 0 };
  }
  const entry = errorCatalog[failed.code as ErrorCode] as { readonly reason: string } | undefined;
  const reason = entry?.reason ?? "BackupFailed";
  const hint = current.what === "restore" && current.before !== undefined ? ` What was there before is the backup ${current.before}.` : "";
  const message = `${failed.message}${isFirstHalf ? " Nothing was restored." : hint}`;
  await ports.tell(object, { type: "Warning", reason, message });
  ports.log("warn", "backup failed", {
    namespace: look.namespace,
    backup: object.metadata.name,
    what: current.what,
    reason,
    error: message,
  });
  const at = new Date(ports.clock.now()).toISOString();
  const told = { at, what: current.what, id: current.restore ?? current.id, reason, message };
  await report(look, { ...known, failed: failedBesides(former, told) });
  return { again: 0 };
}

/** What was deleted is no proof any more; the newest of those that are left is. */
function withoutDeleted(status: Partial<BackupStatus>, { deleted }: JobOutcome, { clock }: BackupLook["ports"]): Partial<BackupStatus> {
  if (deleted === undefined) return status;
  const { last, verified, backups = [], ...rest } = status;
  if (deleted === "all") return { ...rest, backups: [], emptied: new Date(clock.now()).toISOString() };
  const left = backups.filter(({ id }) => !deleted.includes(id));
  const isThere = (one: { readonly id: string } | undefined): boolean => one !== undefined && !deleted.includes(one.id);
  const [newest, proved] = [left[0], left.find((one) => one.verified !== undefined)];
  const lastLeft = isThere(last) ? last : newest === undefined ? undefined : { id: newest.id, at: newest.at };
  const verifiedLeft = isThere(verified) ? verified : proved === undefined ? undefined : { id: proved.id, at: proved.verified };
  return {
    ...{ ...rest, backups: left },
    ...(lastLeft === undefined ? {} : { last: lastLeft }),
    ...(verifiedLeft === undefined ? {} : { verified: verifiedLeft }),
  };
}

/** Until it works again. A store from which nothing goes fills up, with backups that are all verified. */
function withCleaning(
  status: Partial<BackupStatus>,
  { kept, uncleaned: message }: JobOutcome,
  { clock }: BackupLook["ports"],
): Partial<BackupStatus> {
  if (message !== undefined) return { ...status, uncleaned: { at: new Date(clock.now()).toISOString(), message } };
  const { uncleaned, ...rest } = status;
  return uncleaned === undefined || (kept ?? null) === null ? status : rest;
}

const DONE: Readonly<Record<string, string>> = { backup: "Verified", verify: "Verified", restore: "Restored", delete: "Deleted" };

/** A Job that ended well without saying that it did its work has not done it. */
function silent({ what }: CurrentWork, { verified, restored, deleted }: JobOutcome): JobOutcome["failed"] {
  const said = what === "delete" ? deleted : what === "restore" ? restored : verified;
  return said === undefined ? { code: "backup/failed", message: "Its Job ended and did not say what it did" } : undefined;
}

function found({ backups = [] }: Partial<BackupStatus>, current: CurrentWork, outcome: JobOutcome): Partial<BackupStatus> {
  const { made, verified, restored, kept } = outcome;
  const isNew = made !== undefined && !backups.some(({ id }) => id === made.id);
  const all = isNew ? [{ id: made.id, at: made.at, why: current.why }, ...backups] : backups;
  const proved = verified === undefined ? all : all.map((one) => (one.id === verified.id ? { ...one, verified: verified.at } : one));
  const left = kept === undefined || kept === null ? proved : proved.filter(({ id }) => kept.includes(id));
  const before = current.before === undefined ? {} : { before: current.before };
  return {
    backups: left.slice(0, TOLD),
    ...(made === undefined ? {} : { last: made }),
    ...(verified === undefined ? {} : { verified }),
    ...(restored === undefined ? {} : { restored: { id: restored.id, at: restored.at, ...before } }),
  };
}

import { LABEL_PREFIX } from "../../kernel/label.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";
import { type BackupLook, report } from "./backup-look.ts";
import { followBackup } from "./follow-backup.ts";
import { type CurrentWork, jobName } from "./plan-job.ts";
import { waitsFor, whyWait } from "./why-wait.ts";

/** Holds a Backup with `whenDeleted: delete` until what it made is deleted from the store. */
export const BACKUP_FINALIZER = `${LABEL_PREFIX}/stored-backups`;

/** A store that is away is asked again after this. Milliseconds. */
const AGAIN_MS = 300_000;

/** Puts the finalizer on, or takes it away, as the Backup says now. */
export async function holdBackup({ object, spec }: BackupLook, { api }: Pick<OperatorPorts, "api">): Promise<void> {
  const { name, namespace, finalizers = [], resourceVersion } = object.metadata;
  const held = finalizers.includes(BACKUP_FINALIZER);
  if (held === (spec.whenDeleted === "delete")) return;
  const wanted = held ? finalizers.filter((one) => one !== BACKUP_FINALIZER) : [...finalizers, BACKUP_FINALIZER];
  const place = { resource: resources.Backup, namespace, name };
  await api.mergePatch(place, { metadata: { resourceVersion, finalizers: wanted } }, {});
}

/**
 * A Backup that is deleted goes at once, and its backups stay in the store, unless it says `whenDeleted: delete`: then a Job deletes them first. A
 * store that can't be asked holds it, and its status says why; `whenDeleted: keep` lets it go. So does the end of its namespace, in which no Job may
 * begin any more: whoever deletes a namespace by mistake must not lose its backups with it.
 */
export async function releaseBackup(look: BackupLook): Promise<Outcome> {
  const { object, namespace, spec, status, ports, signal } = look;
  if (object.metadata.finalizers?.includes(BACKUP_FINALIZER) !== true) return {};
  const space = await ports.api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
  if (spec.whenDeleted === "keep" || status.emptied !== undefined || space?.metadata.deletionTimestamp !== undefined) {
    await holdBackup({ ...look, spec: { ...spec, whenDeleted: "keep" } }, ports);
    return {};
  }
  if (status.current !== undefined) return followBackup(look, status.current);
  const now = ports.clock.now();
  const failedAt = status.failed?.what === "delete" ? Date.parse(status.failed.at ?? "") : Number.NaN;
  if (now - failedAt < AGAIN_MS) return { again: AGAIN_MS - (now - failedAt) };
  const wait = await whyWait(look, "delete");
  if (wait !== undefined) return waitsFor(look, wait);
  const since = new Date(now).toISOString();
  const current: CurrentWork = { what: "delete", id: "all", why: "asked", job: jobName(object, `delete all ${since}`), since };
  await report(look, { ...status, current });
  return { again: 0 };
}

import { type ErrorCode, errorCatalog } from "../../kernel/error-catalog.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { apiVersionOf, resources } from "../../kubernetes/resources.ts";
import type { BackupSpec, BackupStatus } from "../../resources/schema/backup.ts";
import type { EngineContext, Ports } from "../ports.ts";
import type { ClusterPlace } from "./cluster-place.ts";

/** A Backup of a cluster, as people are shown it. */
export interface ClusterBackup {
  readonly namespace: string;
  readonly name: string;
  readonly spec: Partial<BackupSpec>;
  readonly status: Partial<BackupStatus>;
}

/** What a person asks a Backup for: the annotation and its value. */
export interface BackupAsk {
  readonly what: "backup-now" | "verify" | "restore" | "delete-backups";
  readonly value: string;
}

/** What the status calls it. */
const ASKED = { "backup-now": "now", verify: "verify", restore: "restore", "delete-backups": "delete" } as const;

const LABEL = "howdah.dev";
const POLL_MS = 500;
/** An operator that runs has seen a new value within this. */
const NOBODY_MS = 60_000;

/** Backups of a namespace, or of all that one may see. Errors: `cluster/*`. */
export async function clusterBackups(
  { cluster: { api }, namespace }: Pick<ClusterPlace, "cluster"> & { readonly namespace: string | undefined },
  signal: AbortSignal,
): Promise<readonly ClusterBackup[]> {
  const { items } = await api.list(resources.Backup, namespace === undefined ? {} : { namespace }, signal);
  return items.map(shown);
}

/** The Backup that a person means: by name, or the only one. Error: `backup/unknown`. */
export async function clusterBackup(place: ClusterPlace, name: string | undefined, signal: AbortSignal): Promise<ClusterBackup> {
  const all = await clusterBackups(place, signal);
  const [only, ...others] = all.filter((one) => name === undefined || one.name === name);
  if (only !== undefined && others.length === 0) return only;
  const names = all.map((one) => one.name).join(", ");
  throw new HowdahError(
    "backup/unknown",
    only === undefined
      ? `${place.namespace} has no Backup${name === undefined ? "" : ` ${name}`}`
      : `${place.namespace} has several Backups`,
    { hint: names === "" ? "`howdah backup schedule SITE --context NAME` makes one." : `--plan names one of: ${names}.` },
  );
}

function shown({ metadata, ...object }: KubeObject): ClusterBackup {
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    spec: (object["spec"] as Partial<BackupSpec> | undefined) ?? {},
    status: (object["status"] as Partial<BackupStatus> | undefined) ?? {},
  };
}

/** Makes a Backup, or changes the one that is there. Error: `cluster/rejected` for a spec that is none. */
export async function applyClusterBackup(place: ClusterPlace, name: string, spec: object, signal: AbortSignal): Promise<ClusterBackup> {
  const { namespace, cluster } = place;
  const object = { apiVersion: apiVersionOf(resources.Backup), kind: "Backup", metadata: { name, namespace }, spec };
  return shown(await cluster.api.apply(resources.Backup, object, { fieldManager: "howdah-cli" }, signal));
}

/**
 * Asks a Backup for something and waits until the operator has done it. Stopping to wait stops nothing. Errors: what made it fail, by its own name;
 * `cluster/not-installed` when no operator looks.
 */
export async function askClusterBackup(
  place: ClusterPlace,
  name: string,
  ask: BackupAsk,
  { ports, context }: { readonly ports: Pick<Ports, "clock">; readonly context: EngineContext },
): Promise<ClusterBackup> {
  const { api } = place.cluster;
  const object = { resource: resources.Backup, namespace: place.namespace, name };
  await seen(place, name, ports, context);
  await api.mergePatch(object, { metadata: { annotations: { [`${LABEL}/${ask.what}`]: ask.value } } }, {}, context.signal);
  const began = ports.clock.now();
  const key = ASKED[ask.what];
  let open: string | undefined;
  for (;;) {
    const found = await api.get(object, context.signal);
    if (found === undefined) throw new HowdahError("backup/unknown", `The Backup ${name} was deleted`);
    const one = shown(found);
    const { current, asked, failed } = one.status;
    const step =
      current === undefined
        ? undefined
        : `${current.what} ${current.id}${current.restore !== undefined && current.before === undefined ? " (what is there, first)" : ""}`;
    if (step !== open) {
      if (open !== undefined) context.emit({ type: "task-done", id: open, outcome: "changed" });
      if (step !== undefined) context.emit({ type: "task-started", id: step, title: `the operator does: ${step}` });
      open = step;
    }
    const isDone = asked?.[key] === ask.value && current === undefined;
    if (
      isDone &&
      failed !== undefined &&
      Date.parse(failed.at ?? "") >= began - NOBODY_MS &&
      failed.what === (key === "now" ? "backup" : key)
    )
      throw new HowdahError(codeOf(failed.reason), failed.message);
    if (isDone) return one;
    if (asked?.[key] !== ask.value && current === undefined && ports.clock.now() - began > NOBODY_MS) throw nobodyLooks(place);
    await ports.clock.sleep(POLL_MS, context.signal);
  }
}

/** What is asked of a Backup before the operator has ever looked at it, it takes for what a former one was asked. */
async function seen(place: ClusterPlace, name: string, { clock }: Pick<Ports, "clock">, { signal }: EngineContext): Promise<void> {
  const began = clock.now();
  while ((await clusterBackup(place, name, signal)).status.observedGeneration === undefined) {
    if (clock.now() - began > NOBODY_MS) throw nobodyLooks(place);
    await clock.sleep(POLL_MS, signal);
  }
}

function nobodyLooks({ cluster }: ClusterPlace): HowdahError {
  return new HowdahError("cluster/not-installed", "The operator does not look at the Backup", {
    hint: `Does it run? \`kubectl --context ${cluster.context} --namespace howdah-system get pods\`. A release that is being taken into service is waited for.`,
  });
}

function codeOf(reason: string): ErrorCode {
  const found = Object.entries(errorCatalog).find(([code, entry]) => code.startsWith("backup/") && entry.reason === reason);
  return (found?.[0] ?? "backup/failed") as ErrorCode;
}

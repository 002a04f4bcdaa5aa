import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Preview } from "../../site/site.ts";
import { snapshotVolume } from "../dataset/volume-names.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import type { UpResult } from "../up/up.ts";
import { type DataToServe, type EnvironmentSource, ownSource, releaseSource, serveEnvironment } from "./bring-up-environment.ts";
import { changeEnvironment, type EnvironmentData, type EnvironmentRecord, serving, withEnvironment } from "./environment.ts";
import { letGoOfData } from "./environment-data.ts";
import { tearDown } from "./tear-down.ts";

/** What an environment is reset to: what it began as, the generation that is current or another one, and if wanted the code that production runs now. */
export interface ResetTarget {
  /** `current`, `gN`; null: what it began as. */
  readonly generation: string | null;
  /** `sync`: the release of the site that serves now, unless it runs a commit of its own. */
  readonly newestRelease: boolean;
}

/** What was made. */
export interface ResetDone extends UpResult {
  readonly environment: EnvironmentRecord;
}

/**
 * Makes an environment anew from its description: its pods and volumes are thrown away, and it comes back on a fresh copy of its data, in seconds, with the
 * secrets, hostname and time that it had. Killed anywhere, the agent does it again. Errors: `environment/unknown`, `site/unknown`, `dataset/none`.
 */
export async function resetEnvironment(namespace: string, target: ResetTarget, ports: Ports, context: EngineContext): Promise<ResetDone> {
  return await withEnvironment(namespace, "env reset", ports, async () => {
    const by = await ports.machine.processIdentity();
    const since = new Date(ports.clock.now()).toISOString();
    const record = await changeEnvironment(
      namespace,
      (now) => (now.work?.verb === "delete" ? now : { ...now, work: { verb: "reset", since, by, target } }),
      ports,
    );
    if (record === undefined || record.work?.verb === "delete")
      throw new HowdahError("environment/unknown", `${namespace} is not there any more`);
    return await reset(record, target, ports, context).catch(async (error: unknown) => {
      const failure = error instanceof Error ? error.message : String(error);
      await changeEnvironment(namespace, (now) => ({ ...now, work: null, failure }), ports);
      throw error;
    });
  });
}

async function reset(record: EnvironmentRecord, target: ResetTarget, ports: Ports, context: EngineContext): Promise<ResetDone> {
  const { namespace } = record;
  const production = await requireProduction(record, ports);
  const source = await sourceOf(record, target, production, ports);
  const data = dataOf(record, target, source);
  await tearDown(namespace, ports, context);
  const { result, settled } = await serveEnvironment(
    { record, production, source, data, patienceMs: null, replaces: false },
    ports,
    context,
  );
  const done = await changeEnvironment(namespace, (now) => serving({ ...now, ...settled }), ports);
  await letGoOfData(namespace, settled.data, ports);
  return { ...result, environment: done ?? record };
}

async function requireProduction({ of, namespace }: EnvironmentRecord, ports: Ports): Promise<SiteRecord> {
  const production = await ports.records.get(of);
  if (production !== undefined) return production;
  throw new HowdahError("site/unknown", `${of}, of which ${namespace} is an environment, does not run here any more`);
}

async function sourceOf(record: EnvironmentRecord, target: ResetTarget, production: SiteRecord, ports: Ports): Promise<EnvironmentSource> {
  const own = await ownSource(record, production, ports);
  if (own !== undefined && !(target.newestRelease && record.code.kind === "release")) return own;
  if (record.code.kind === "release") return await releaseSource(record, production, ports);
  throw new HowdahError("environment/unknown", `${record.namespace} never ran, so there are no images to make it anew of`, {
    hint: `\`howdah env create ${record.name} ${record.of} ${flagOf(record.code)}\` builds them.`,
  });
}

function flagOf({ branch, commit }: Extract<EnvironmentRecord["code"], { readonly kind: "commit" }>): string {
  return branch === null && commit !== "" ? `--commit ${commit}` : `--from-branch ${branch ?? "BRANCH"}`;
}

/** The snapshots that it began as are kept as long as it holds them: after a sync that failed it holds those of another generation. */
function dataOf({ data, of }: EnvironmentRecord, { generation }: ResetTarget, { began }: EnvironmentSource): DataToServe {
  if (generation !== null) return { wanted: { kind: "dataset", generation: generation === "current" ? undefined : generation } };
  if (began !== undefined && isOf(data, began, of)) return { pinned: data, snapshots: began };
  // A creation that failed before anything was pinned has the generation that was asked for, or none: the current one.
  return { wanted: data.kind === "dataset" ? { kind: "dataset", generation: data.generation || undefined } : data };
}

function isOf(data: EnvironmentData, { database, mounts }: Preview["data"], site: string): boolean {
  if (data.kind !== "dataset") return data.kind === "clone";
  const prefix = snapshotVolume({ site, id: data.generation }, "");
  const snapshots = [...(database === null ? [] : [database]), ...Object.values(mounts)];
  return snapshots.length > 0 && snapshots.every((id) => id.startsWith(prefix));
}

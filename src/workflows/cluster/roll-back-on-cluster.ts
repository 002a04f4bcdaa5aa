import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports } from "../ports.ts";
import type { ClusterPlace } from "./cluster-place.ts";
import { migrationsBetween, type PastRelease, servedBefore } from "../release/way-back.ts";
import { followRollout } from "./follow-rollout.ts";
import { clusterReleases, createRelease, type KnownClusterRelease, wantRelease } from "./write-release.ts";

/** A rollback before anybody said yes. */
export interface ClusterRollbackPlan {
  readonly place: ClusterPlace;
  readonly from: KnownClusterRelease;
  readonly to: KnownClusterRelease;
  readonly known: readonly KnownClusterRelease[];
  /** Releases between the two (the serving one included) whose migrations the former code has not seen. */
  readonly migrations: readonly string[];
}

/** What a rollback did. */
export interface ClusterRolledBack {
  readonly site: string;
  readonly namespace: string;
  readonly from: string;
  readonly to: string;
  /** The release that brings `to` back. */
  readonly release: string;
  readonly url: string | null;
  readonly answeringMs: number;
}

/** Chooses where to go back to: `id`, or what served last before. Errors: `release/unknown`; `usage/invalid` when it serves already. */
export async function planClusterRollback(place: ClusterPlace, id: string | undefined, signal: AbortSignal): Promise<ClusterRollbackPlan> {
  const known = await clusterReleases(place, signal);
  const from = known.find(({ status }) => status.state === "serving");
  if (from === undefined)
    throw new HowdahError("release/unknown", `No release serves in ${place.namespace} that could be gone back from`, {
      hint: "`howdah deploy --context NAME` makes one from the code.",
    });
  const all = known.map(past);
  const to = id === undefined ? servedBefore(all, past(from))?.release : known.find((one) => one.id === id);
  if (to === undefined)
    throw new HowdahError("release/unknown", `${place.namespace} has no release ${id ?? `that served before ${from.id}`}`, {
      hint: "`howdah releases --context NAME` lists all that are kept.",
    });
  if (to.id === from.id)
    throw new HowdahError("usage/invalid", `${to.id} serves already`, { hint: "`howdah releases --context NAME` lists the others." });
  return { place, from, to, known, migrations: migrationsBetween(all, past(from), past(to)) };
}

function past(release: KnownClusterRelease): PastRelease & { readonly release: KnownClusterRelease } {
  const { id, spec, status } = release;
  const migration = status.rendered?.["migration"];
  return {
    id,
    rollbackOf: spec.rollbackOf ?? null,
    migration: typeof migration === "string" ? migration : null,
    state: status.state,
    release,
  };
}

/** Takes a former release into service again: no build, the images lie in the registry. Errors: those of `followRollout`. */
export async function rollBackOnCluster(
  { place, from, to, known }: ClusterRollbackPlan,
  why: string | null,
  ports: Pick<Ports, "clock" | "settings">,
  context: EngineContext,
): Promise<ClusterRolledBack> {
  const asked = ports.clock.now();
  const { why: _why, ...former } = to.spec;
  const spec = {
    ...former,
    ...{ who: ports.settings.who, when: new Date(asked).toISOString(), rollbackOf: to.spec.rollbackOf ?? to.id },
    ...(why === null ? {} : { why }),
  };
  const release = await createRelease(place, spec, known, context.signal);
  await wantRelease(place, spec.siteName, release, context.signal);
  const { url } = await followRollout(place, release, ports, context);
  const answeringMs = ports.clock.now() - asked;
  return { site: spec.siteName, namespace: place.namespace, from: from.id, to: spec.rollbackOf, release, url, answeringMs };
}

import { type ErrorCode, errorCatalog } from "../../kernel/error-catalog.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import type { EnvironmentSpec, EnvironmentStatus } from "../../resources/schema/environment.ts";
import type { ReleaseStatus } from "../../resources/schema/release.ts";
import { releaseNumber } from "../../workflows/release/release.ts";
import { statusOf, type Verdict } from "../status.ts";

/** What is seen of an environment. */
export interface SeenEnvironment {
  readonly spec: EnvironmentSpec;
  readonly status: Partial<EnvironmentStatus>;
  /** The annotation howdah.dev/retry: another value than the last one asks for the failed release once more. */
  readonly retry: string | undefined;
  readonly releases: readonly KubeObject[];
}

/** What is to be done. */
export type EnvironmentDecision =
  /** Nothing: these verdicts say why. */
  | { readonly do: "wait"; readonly verdicts: readonly Verdict[] }
  /** Bring it to this release; `stalled` says why it is not the one that is wanted. */
  | { readonly do: "serve"; readonly release: KubeObject; readonly stalled: Verdict | null };

/** Chooses the release that is to serve. Pure. */
export function decideEnvironment({ spec, status, retry, releases }: SeenEnvironment): EnvironmentDecision {
  const known = releases
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined && releaseNumber(metadata.name) > 0)
    .toSorted((a, b) => releaseNumber(b.metadata.name) - releaseNumber(a.metadata.name));
  if (spec.suspend === true) return wait("Suspended", "spec.suspend is true: everything stays as it is", null);
  const serving = known.find((release) => statusOf<ReleaseStatus>(release).state === "serving");
  const wanted = spec.release === undefined ? known[0] : known.find(({ metadata }) => metadata.name === spec.release);
  if (wanted === undefined) {
    if (spec.release === undefined) return wait("NoRelease", "Waiting for a first release: `howdah deploy --context NAME` makes one", null);
    const verdict = stalled("ReleaseUnknown", `There is no release ${spec.release} in this namespace`);
    return serving === undefined ? wait(verdict.reason, verdict.message, verdict) : { do: "serve", release: serving, stalled: verdict };
  }
  const failed = failureOf(wanted, serving !== undefined);
  if (failed === null || (retry !== undefined && retry !== status.retried)) return { do: "serve", release: wanted, stalled: null };
  return serving === undefined
    ? wait(failed.reason, failed.message, failed)
    : { do: "serve", release: serving, stalled: { ...failed, message: `${failed.message}. ${serving.metadata.name} goes on serving` } };
}

function wait(reason: string, message: string, more: Verdict | null): EnvironmentDecision {
  return { do: "wait", verdicts: [{ type: "Ready", status: "False", reason, message }, ...(more === null ? [] : [more])] };
}

function stalled(reason: string, message: string): Verdict {
  return { type: "Stalled", status: "True", reason, message };
}

/** Failures of the surroundings: what failed once may well succeed the next time. */
const PASSING = /^(cluster|registry)\/|^(engine|database)\/unreachable$|^database\/no-image$|^machine\/busy$/;

/**
 * Why a release needs a person; null when it may be tried: it never was, it was cut off, or what failed passes by itself. While nothing serves there is
 * nothing to protect, so whatever may pass is tried again.
 */
function failureOf(release: KubeObject, protects: boolean): Verdict | null {
  const { state, code = "", reason = "" } = statusOf<ReleaseStatus>(release);
  if (state !== "failed") return null;
  const entry = Object.hasOwn(errorCatalog, code) ? errorCatalog[code as ErrorCode] : errorCatalog.bug;
  if (entry.retry === "backoff" && (!protects || PASSING.test(code))) return null;
  return stalled(entry.reason, `${release.metadata.name} could not be taken into service: ${reason.replace(/\.$/, "")}`);
}

/** Releases that go: all beyond the newest `keep`, but never the one that serves, the one before it, or those that somebody wants. Pure. */
export function releasesToDrop(releases: readonly KubeObject[], keep: number, wanted: ReadonlySet<string>): readonly KubeObject[] {
  const known = releases.toSorted((a, b) => releaseNumber(b.metadata.name) - releaseNumber(a.metadata.name));
  const state = (release: KubeObject): string | undefined => statusOf<ReleaseStatus>(release).state;
  const former = known.find((release) => state(release) === "superseded");
  return known.slice(keep).filter((release) => state(release) !== "serving" && release !== former && !wanted.has(release.metadata.name));
}

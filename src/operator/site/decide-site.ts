import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { HOWDAH_GROUP } from "../../kubernetes/resources.ts";
import { scalable } from "../../render/php/sessions.ts";
import { digestOf } from "../../render/rendered.ts";
import type { EnvironmentSpec, EnvironmentStatus } from "../../resources/schema/environment.ts";
import type { ReleaseSpec } from "../../resources/schema/release.ts";
import { resolveSite } from "../../site/resolve.ts";
import { siteDocument } from "../../site/schema/site-document.ts";
import type { Site } from "../../site/site.ts";
import { CLI_MANAGER } from "../../workflows/cluster/cluster-place.ts";
import { builtRelease } from "../../workflows/cluster/release-resource.ts";
import { releaseNumber } from "../../workflows/release/release.ts";
import { baseRequests, siteImageRequest } from "../../workflows/up/prepare-images.ts";
import { conditionIn, statusOf, type Verdict } from "../status.ts";
import { lastManagerOf, managersOf } from "./field-managers.ts";

/** What is seen of a Site and around it. */
export interface SeenSite {
  readonly site: KubeObject;
  /** All Sites of the namespace, this one included. */
  readonly sites: readonly KubeObject[];
  readonly environment: KubeObject | undefined;
  readonly releases: readonly KubeObject[];
}

/** What is to be done about a Site. */
export interface SiteDecision {
  /** The environment `production` is wanted. */
  readonly environment: boolean;
  /** A person changed the Site in a way that needs no new image: this release says so. */
  readonly release: {
    readonly id: string;
    readonly spec: ReleaseSpec /** The pinned release moves along. */;
    readonly pin: boolean;
  } | null;
  readonly verdicts: readonly Verdict[];
  readonly url: string | undefined;
  readonly serving: string | undefined;
}

/** Who made a release that nobody asked for but by changing the Site. */
const OPERATOR = "operator";

/** Reads a Site as the site file is read, and says what follows. Pure: `now` is RFC 3339. */
export function decideSite(seen: SeenSite, now: string): SiteDecision {
  const nothing = { environment: false, release: null, url: undefined, serving: undefined };
  const owner = seen.sites.toSorted(byAge)[0];
  if (owner !== undefined && owner.metadata.name !== seen.site.metadata.name) {
    const message = `The namespace belongs to the site ${owner.metadata.name}: a namespace is one environment. Take this one to another`;
    return { ...nothing, verdicts: bad("NamespaceTaken", message) };
  }
  const { site, problem } = readSite(seen.site);
  if (site === undefined) return { ...nothing, environment: seen.environment !== undefined, verdicts: bad("SiteInvalid", problem) };
  const status = seen.environment === undefined ? {} : statusOf<EnvironmentStatus>(seen.environment);
  const next = nextRelease(site, seen, now);
  return {
    environment: true,
    release: next === "build" ? null : next,
    verdicts: next === "build" ? [mirrored(status)[0] ?? waiting, buildNeeded(site)] : mirrored(status),
    url: status.url,
    serving: status.release,
  };
}

const waiting: Verdict = { type: "Ready", status: "False", reason: "NoEnvironment", message: "Waiting for the environment production" };

function bad(reason: string, message: string): readonly Verdict[] {
  return [
    { type: "Ready", status: "False", reason, message },
    { type: "Stalled", status: "True", reason, message },
  ];
}

function buildNeeded(site: Site): Verdict {
  const message = `The change needs new images: \`howdah deploy --context NAME\` in the directory of ${site.name} builds them`;
  return { type: "Stalled", status: "True", reason: "BuildNeeded", message };
}

/** What its environment says is what people ask a site for. */
function mirrored(status: Partial<EnvironmentStatus>): readonly Verdict[] {
  const found = (["Ready", "Reconciling", "Stalled", "DatabaseWritable"] as const).flatMap((type) => {
    const condition = conditionIn(status, type);
    if (condition === undefined) return [];
    const { status: holds, reason, message } = condition;
    return [{ type, status: holds, reason, message }];
  });
  return found.length === 0 ? [waiting] : found;
}

function byAge({ metadata: a }: KubeObject, { metadata: b }: KubeObject): number {
  const [x, y] = [`${a.creationTimestamp ?? ""} ${a.name}`, `${b.creationTimestamp ?? ""} ${b.name}`];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The resolved site, or all that is wrong with it in one sentence for each. */
export function readSite(object: KubeObject): { readonly site?: Site; readonly problem: string } {
  const { apiVersion, kind, metadata } = object;
  const parsed = siteDocument.safeParse({ apiVersion, kind, metadata: { name: metadata.name }, spec: object["spec"] ?? {} });
  if (!parsed.success)
    return {
      problem: parsed.error.issues
        .map(({ path, message }) => `${path.join(".")}: ${message}`)
        .slice(0, SAID)
        .join("; "),
    };
  const { site, diagnostics } = resolveSite(parsed.data, { environment: "production" });
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const problem = errors
    .map(({ path, message }) => `${path.join(".")}: ${message}`)
    .slice(0, SAID)
    .join("; ");
  return site === undefined ? { problem } : { site, problem };
}

/** More would not be read in a condition; `howdah check` lists them all. */
const SAID = 5;

/** What of a site decides its images: when it is equal, those of the former release serve. */
export function imageIdentity(site: Site): string {
  return digestOf([baseRequests(scalable(site)), siteImageRequest(site, "", { web: "", php: null })]);
}

function nextRelease(site: Site, { site: object, environment, releases }: SeenSite, now: string): SiteDecision["release"] | "build" {
  const newestFirst = releases.toSorted((a, b) => releaseNumber(b.metadata.name) - releaseNumber(a.metadata.name));
  // Whoever wrote a damaged one by hand is told so by the environment; it says nothing of what the site was.
  const newest = newestFirst.find(isSound);
  if (newest === undefined) return null;
  const spec = newest["spec"] as ReleaseSpec;
  const change = lastManagerOf(object, "spec");
  // The command line writes the Site and then the release that belongs to it; a rollback is newer than the file.
  const isPersons = change !== undefined && change.manager !== CLI_MANAGER && change.time >= (newest.metadata.creationTimestamp ?? "");
  if (!isPersons || digestOf(site) === spec.digest) return null;
  if (imageIdentity(site) !== imageIdentity(spec.site as unknown as Site)) return "build";
  const { rollbackOf: _rollbackOf, ...former } = spec;
  const pinned = (environment?.["spec"] as EnvironmentSpec | undefined)?.release;
  const owners = environment === undefined ? [] : managersOf(environment, "release");
  return {
    id: `r${String(releaseNumber((newestFirst[0] ?? newest).metadata.name) + 1)}`,
    spec: {
      ...former,
      site: site as unknown as Record<string, unknown>,
      digest: digestOf(site),
      who: OPERATOR,
      when: now,
      why: `The Site was changed by ${change.manager}`,
    },
    pin: pinned === newest.metadata.name && owners.every((manager) => manager === CLI_MANAGER || manager === "howdah"),
  };
}

function isSound(release: KubeObject): boolean {
  try {
    builtRelease(release);
    return true;
  } catch {
    return false;
  }
}

/** `howdah.dev/v1alpha1`. */
export const OWN_API_VERSION = `${HOWDAH_GROUP}/v1alpha1`;

import { createHash } from "node:crypto";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { RESET_ANNOTATION } from "../../kernel/label.ts";
import { digestOf } from "../../render/rendered.ts";
import type { ReleaseSpec } from "../../resources/schema/release.ts";
import { environmentTerms, nameOfEnvironment, siteOfEnvironment } from "../../site/site-of-environment.ts";
import type { Preview, Site } from "../../site/site.ts";
import { type BuiltRelease, releaseObject } from "../../workflows/cluster/release-resource.ts";
import { releaseNumber } from "../../workflows/release/release.ts";
import type { Verdict } from "../status.ts";
import { GENERATION_ANNOTATION, MAKING_ANNOTATION, OF_LABEL, RELEASE_OF_ANNOTATION, RESET_DONE_ANNOTATION } from "./preview-place.ts";
import type { SeenPreview } from "./see-preview.ts";

/** What a person's reset asks for: a new making, and which generation of the dataset that has. */
export interface WantedMaking {
  /** Another one is another making. */
  readonly id: string;
  readonly reset: string | null;
  /** `current`, `g12`; null: what it began as. */
  readonly generation: string | null;
}

/** The making that is wanted now: an environment of another Environment of this name is another one, too. Pure. */
export function wantedMaking({ metadata: { uid = "", annotations } }: KubeObject): WantedMaking {
  const reset = annotations?.[RESET_ANNOTATION] ?? null;
  const id = createHash("sha256")
    .update(`${uid} ${reset ?? ""}`)
    .digest("hex")
    .slice(0, 16);
  const generation = /^(current|g[1-9][0-9]{0,8})\//.exec(reset ?? "")?.[1] ?? null;
  return { id, reset, generation };
}

/** Whether a release in its namespace is of this making. */
export function isOfMaking(release: KubeObject | undefined, { id }: WantedMaking): release is KubeObject {
  return release?.metadata.annotations?.[MAKING_ANNOTATION] === id;
}

/** Why it can't be made, or kept as it is wanted; undefined: it can. Pure. */
export function whyRefused(seen: SeenPreview): Verdict | undefined {
  const { spec, release, object, space, of } = seen;
  if (space !== undefined && space.metadata.labels?.[OF_LABEL] !== of)
    return stalled(
      "NamespaceTaken",
      `The namespace ${seen.namespace} is there already, and is not this environment's: give it another name`,
    );
  if (!seen.hasSite)
    return stalled(
      "SiteGone",
      `The site ${spec.site}, of which this is an environment, is not in ${of} any more: it stays as it is until it is deleted`,
    );
  if (seen.tenant === undefined)
    return stalled("NamespaceUnguarded", `The namespace ${of} belongs to no Tenant, which would guard its environments as well`);
  if (release === undefined)
    return spec.release === undefined
      ? stalled("NoRelease", `No release of ${spec.site} serves that an environment could have the images of`)
      : stalled("ReleaseUnknown", `There is no release ${spec.release} in ${of}`);
  if (release.site.name !== spec.site) return stalled("SiteUnknown", `The site of ${of} is ${release.site.name}, not ${spec.site}`);
  if (nameOfEnvironment(release.site.name, object.metadata.name) === undefined)
    return stalled("NameTooLong", `${release.site.name}--${object.metadata.name} is longer than 54 characters`);
  if (spec.php !== undefined && spec.php !== release.site.runtime?.php)
    return stalled(
      "PhpNotBuilt",
      `${release.id} has PHP ${release.site.runtime?.php ?? "not at all"}, and another version needs images of its own`,
    );
  if ("clone" in spec.data && spec.data.clone.of === object.metadata.name)
    return stalled("EnvironmentUnknown", "It can't be a copy of itself");
  const { limit } = environmentTerms(release.site);
  if (space === undefined && seen.before >= limit)
    return stalled(
      "EnvironmentLimit",
      `${spec.site} has ${String(limit)} environments already, and may have no more: \`spec.environments.limit\``,
    );
  return undefined;
}

function stalled(reason: string, message: string): Verdict {
  return { type: "Stalled", status: "True", reason, message };
}

/** The site of a release as this environment. Pure. */
export function previewSite(
  { object, spec }: Pick<SeenPreview, "object" | "spec">,
  { site }: Pick<BuiltRelease, "site">,
  data: Preview["data"],
): Site {
  const terms = environmentTerms(site);
  const own = siteOfEnvironment(site, {
    ...{ name: object.metadata.name, data, php: null, idleSeconds: null },
    ...{ hostname: spec.hostname ?? null, size: spec.size ?? terms.size },
    ...{ variables: spec.variables ?? {}, password: spec.password ?? terms.password },
  });
  return JSON.parse(JSON.stringify(own)) as Site; // what a resource keeps of it
}

/** Where a release's data comes from. */
export interface Began {
  readonly making: WantedMaking;
  readonly generation: string | null;
  readonly data: Preview["data"];
}

/** What the newest release began as. */
export function beganAs(newest: KubeObject): Omit<Began, "making"> {
  const { site } = newest["spec"] as ReleaseSpec;
  const { preview } = site as unknown as Site;
  const generation = newest.metadata.annotations?.[GENERATION_ANNOTATION] ?? null;
  return { generation, data: preview?.data ?? { database: null, mounts: {} } };
}

/** The release that is to serve there, where the newest one says something else. Pure: `now` is RFC 3339. */
export function nextRelease(seen: SeenPreview, release: BuiltRelease, began: Began, now: string): KubeObject | undefined {
  const [newest] = seen.releases;
  const site = previewSite(seen, release, began.data);
  const digest = digestOf(site);
  const former = newest?.["spec"] as ReleaseSpec | undefined;
  const { rollbackOf: _rollbackOf, ...built } = release.spec;
  const same = former?.digest === digest && digestOf(former.images) === digestOf(built.images) && former.codeDigest === built.codeDigest;
  if (isOfMaking(newest, began.making) && same) return undefined;
  const why = `${release.id} of ${seen.of} as the environment ${seen.object.metadata.name}`;
  const spec: ReleaseSpec = {
    ...{ ...built, site: site as unknown as Record<string, unknown>, siteName: site.name, digest },
    ...{ who: seen.spec.owner ?? "operator", when: now, why },
  };
  const object = releaseObject(seen.namespace, `r${String(releaseNumber(newest?.metadata.name ?? "") + 1)}`, spec);
  const annotations = {
    [MAKING_ANNOTATION]: began.making.id,
    [RELEASE_OF_ANNOTATION]: release.id,
    ...(began.generation === null ? {} : { [GENERATION_ANNOTATION]: began.generation }),
    ...(began.making.reset === null ? {} : { [RESET_DONE_ANNOTATION]: began.making.reset }),
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

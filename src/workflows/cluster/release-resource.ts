import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { apiVersionOf, resources } from "../../kubernetes/resources.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { digestOf } from "../../render/rendered.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import { type ReleaseSpec, type ReleaseStatus, releaseSpec } from "../../resources/schema/release.ts";
import type { Site } from "../../site/site.ts";
import type { Release, ReleaseOutcome } from "../release/release.ts";

/** What the operator adds to a release when it first takes it into service. */
export interface RenderedFacts {
  readonly input: RenderInput;
  readonly configDigest: string;
  readonly migration: string | null;
  readonly judged: readonly string[];
}

/** What a Release of the cluster says before anybody has taken it into service. */
export interface BuiltRelease {
  readonly id: string;
  readonly namespace: string;
  readonly site: Site;
  readonly spec: ReleaseSpec;
}

/** The `spec` of a Release. */
export function releaseSpecOf(built: {
  readonly site: Site;
  readonly images: ReleaseSpec["images"];
  readonly codeDigest: string;
  readonly watched: Readonly<Record<string, string>>;
  readonly git: Release["git"];
  readonly who: string;
  readonly when: string;
  readonly why: string | null;
  readonly rollbackOf: string | null;
}): ReleaseSpec {
  const { site, images, codeDigest, watched, git, who, when, why, rollbackOf } = built;
  return {
    siteName: site.name,
    site: site as unknown as Record<string, unknown>,
    images,
    codeDigest,
    ...(Object.keys(watched).length === 0 ? {} : { watched: { ...watched } }),
    ...(git === null ? {} : { git: { commit: git.commit, dirty: git.dirty, ...(git.branch === null ? {} : { branch: git.branch }) } }),
    ...{ who, when },
    ...(why === null ? {} : { why }),
    ...(rollbackOf === null ? {} : { rollbackOf }),
    digest: digestOf(site),
  };
}

/** A Release as the API takes it. */
export function releaseObject(namespace: string, id: string, spec: ReleaseSpec): KubeObject {
  const labels = { "app.kubernetes.io/managed-by": "howdah", "howdah.dev/site": spec.siteName };
  return { apiVersion: apiVersionOf(resources.Release), kind: "Release", metadata: { name: id, namespace, labels }, spec };
}

/** Reads a Release. Error: `site/invalid` when it is not what whoever built it wrote. */
export function builtRelease(object: KubeObject): BuiltRelease {
  const { name: id, namespace = "" } = object.metadata;
  const read = releaseSpec.safeParse(object["spec"]);
  if (!read.success) {
    const first = read.error.issues[0];
    throw new HowdahError(
      "site/invalid",
      `The release ${namespace}/${id} is damaged: spec.${first?.path.join(".") ?? ""}: ${first?.message ?? ""}`,
    );
  }
  const spec = read.data;
  if (digestOf(spec.site) !== spec.digest)
    throw new HowdahError("site/invalid", `The release ${namespace}/${id} was changed: its site has another digest than it says`, {
      hint: "Make another release: `howdah deploy --context NAME`.",
    });
  return { id, namespace, site: spec.site as unknown as Site, spec };
}

/** The workflows' release of a Release with what its objects are rendered from. */
export function releaseWith({ id, namespace, site, spec }: BuiltRelease, facts: RenderedFacts): Release {
  const { images, codeDigest, git, who, when, why = null, rollbackOf = null } = spec;
  return {
    ...{ id, namespace, site, codeDigest, who, when, why, rollbackOf },
    images: { web: images.web, php: images.php ?? null },
    git: git === undefined ? null : { commit: git.commit, branch: git.branch ?? null, dirty: git.dirty },
    ...facts,
  };
}

/** The facts in a Release's status; undefined when it was never taken into service. */
export function factsOf(object: KubeObject): RenderedFacts | undefined {
  return (object["status"] as ReleaseStatus | undefined)?.rendered as RenderedFacts | undefined;
}

/** What became of a Release; undefined before anything has. */
export function outcomeOf(object: KubeObject): ReleaseOutcome | undefined {
  const { namespace = "", name: release } = object.metadata;
  const { state, at = "", step = "", code = "", reason = "" } = (object["status"] as ReleaseStatus | undefined) ?? {};
  if (state === undefined) return undefined;
  if (state === "failed") return { namespace, release, at, state, step, code, reason };
  return state === "interrupted" ? { namespace, release, at, state, step, reason } : { namespace, release, at, state };
}

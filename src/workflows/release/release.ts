import type { GitState } from "../../providers/git/git-state.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import type { Site } from "../../site/site.ts";

/** An image that a release pins. */
export interface ReleaseImage {
  readonly reference: string;
  readonly digest: string;
}

/**
 * A site as it was put into service once: everything that is needed to put it there again, without a build. Never changed after it was
 * written; what became of it is its outcome. Holds no secret: `input.secretsDigest` tells nothing about values.
 */
export interface Release {
  /** `r12`; counts up for each site. */
  readonly id: string;
  readonly namespace: string;
  readonly site: Site;
  readonly images: { readonly web: ReleaseImage; readonly php: ReleaseImage | null };
  readonly codeDigest: string;
  /** Of everything that is rendered but the code's identity: site file, defaults, facts, secrets. */
  readonly configDigest: string;
  /** What its objects were rendered from. */
  readonly input: RenderInput;
  /** Identity of its migration's inputs; null for a site without a migrate hook. */
  readonly migration: string | null;
  /** Configurations that nginx and PHP-FPM were asked about: equal ones are not asked again. */
  readonly judged: readonly string[];
  readonly git: GitState | null;
  readonly who: string;
  /** RFC 3339. */
  readonly when: string;
  /** The person's own words. */
  readonly why: string | null;
  /** The release that it brings back. */
  readonly rollbackOf: string | null;
}

/** What became of a release. */
export type ReleaseOutcome = { readonly namespace: string; readonly release: string /** RFC 3339. */; readonly at: string } & (
  | { readonly state: "rolling-out" | "serving" | "superseded" }
  | { readonly state: "failed"; readonly step: string; readonly code: string; readonly reason: string }
  | { readonly state: "interrupted"; readonly step: string; readonly reason: string }
);

/** The number in `r12`; 0 for anything else. */
export function releaseNumber(id: string): number {
  return Number(/^r([1-9]\d{0,8})$/.exec(id)?.[1] ?? 0);
}

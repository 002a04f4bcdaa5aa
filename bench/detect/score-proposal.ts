import type { Proposal } from "../../src/detect/evidence.ts";

/** What is right for one application. */
export interface AppTruth {
  readonly id: string;
  /** False: no list that the detector's authors were given names it. */
  readonly listed: boolean;
  readonly packages?: readonly string[];
  readonly directory?: string;
  readonly fixture?: string;
  /** PHP versions that work, by suite (`fixture` for a fixture); `none` for a static site. */
  readonly php: Readonly<Record<string, readonly string[]>>;
  readonly webRoot: readonly string[];
  readonly extensions: readonly string[];
  /** Extensions of services that it must not ask for. */
  readonly unexpected: readonly string[];
  readonly database: boolean | null;
  readonly mounts: readonly string[] | null;
}

export const scoredFields = ["webRoot", "php", "extensions", "precision", "database", "mounts"] as const;

/** One number from 0 to 1 for each field; null is not scored. */
export type Score = Readonly<Record<(typeof scoredFields)[number], number | null>>;

function share(wanted: readonly string[], found: (each: string) => boolean): number {
  return wanted.length === 0 ? 1 : wanted.filter(found).length / wanted.length;
}

/** True when a mount of the proposal is the wanted path or holds it. */
function covers(mounts: readonly string[], path: string): boolean {
  return mounts.some((mount) => path === mount || path.startsWith(`${mount}/`));
}

function mountScore(wanted: readonly string[], found: readonly string[]): number {
  // Where nothing is written, up to one guess is no harm.
  return wanted.length === 0 ? (found.length <= 1 ? 1 : 0) : share(wanted, (path) => covers(found, path));
}

/** Compares a proposal with what is right. */
export function scoreProposal(truth: AppTruth, suite: string, proposal: Proposal): Score {
  const spec = proposal.site.spec ?? {};
  const extensions = spec.runtime?.extensions ?? [];
  const versions = truth.php[suite] ?? [];
  const mounts = Object.keys(spec.mounts ?? {});
  return {
    webRoot: truth.webRoot.includes(spec.web?.root ?? ".") ? 1 : 0,
    php: versions.includes(spec.runtime?.php ?? "none") ? 1 : 0,
    extensions: share(truth.extensions, (wanted) => wanted.split("|").some((name) => extensions.includes(name))),
    precision: extensions.some((name) => truth.unexpected.includes(name)) ? 0 : 1,
    database: truth.database === null ? null : truth.database === (spec.database !== undefined) ? 1 : 0,
    mounts: truth.mounts === null ? null : mountScore(truth.mounts, mounts),
  };
}

/** The mean of the fields that are scored. */
export function meanScore(scores: readonly Score[]): number {
  const all = scores.flatMap((score) => scoredFields.map((field) => score[field])).filter((value) => value !== null);
  return all.length === 0 ? 1 : all.reduce((sum, value) => sum + value, 0) / all.length;
}

import type { ImageNeed } from "../../plan/prune/image-world.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import type { RetainedData, SiteRecord } from "../ports.ts";
import type { Release, ReleaseOutcome } from "../release/release.ts";
import type { RolloutJournal } from "../rollout/journal.ts";
import type { SharedImage } from "../up/keep-newest.ts";

type Record = Pick<SiteRecord, "namespace" | "images" | "serving">;

/** What this instance's state says of images. */
export interface ImageState {
  readonly records: readonly Record[];
  readonly retained: readonly (Pick<RetainedData, "namespace" | "keptUntil"> & { readonly record: Record })[];
  readonly releases: readonly (Pick<Release, "id" | "namespace" | "images"> & { readonly input?: Pick<RenderInput, "sessions"> })[];
  readonly outcomes: readonly Pick<ReleaseOutcome, "namespace" | "release" | "state">[];
  readonly rollouts: readonly (Pick<RolloutJournal, "namespace"> & {
    readonly wanted: Record | null;
    readonly formerRecord: Record | null;
  })[];
  /** The way in, and the database servers that have a volume. */
  readonly shared: readonly SharedImage[];
  /** Sites that do not run: `down` was stopped by a person, `asleep` because nobody visits it. */
  readonly resting: ReadonlyMap<string, "down" | "asleep">;
  /** References of base images and builders by the site whose lock pins them. */
  readonly locks: ReadonlyMap<string, readonly string[]>;
  /** References that processes need which build now. */
  readonly claimed: readonly string[];
}

/**
 * Every image that is needed by what this instance knows, with the reason. All releases that are kept, whatever became of them: rollback may
 * lead to any. Sites that are stopped or sleep, and destroyed ones whose data is kept, come back with the images that they had.
 */
export function imageNeeds(state: ImageState): readonly ImageNeed[] {
  const serving = new Set(
    state.outcomes.filter((one) => one.state === "serving").map(({ namespace, release }) => `${namespace}.${release}`),
  );
  const retained = new Map(state.retained.map((one) => [one.namespace, one.keptUntil.slice(0, 10)]));
  return [
    ...state.releases.flatMap(({ id, namespace, images, input }) => {
      const serves = serving.has(`${namespace}.${id}`) && !retained.has(namespace);
      const words = [serves ? "serves" : "", stateOf(namespace, state, retained)].filter((word) => word !== "").join(", ");
      const because = `release ${id} of ${namespace}${words === "" ? "" : ` (${words})`}`;
      const own = [images.web.reference, ...(images.php === null ? [] : [images.php.reference])];
      return [...own, ...(input?.sessions == null ? [] : [input.sessions.image])].map((reference) => ({ reference, because }));
    }),
    ...state.records.flatMap((record) =>
      needsOf(record, `site ${record.namespace}${inBrackets(stateOf(record.namespace, state, retained))}`),
    ),
    ...state.retained.flatMap(({ record }) =>
      needsOf(record, `site ${record.namespace}${inBrackets(stateOf(record.namespace, state, retained))}`),
    ),
    ...state.rollouts.flatMap(({ namespace, wanted, formerRecord }) =>
      [wanted, formerRecord].flatMap((record) => (record === null ? [] : needsOf(record, `rollout of ${namespace}`))),
    ),
    ...state.shared.map(({ name, reference }) => ({ reference, because: name === "edge" ? "edge" : `database server ${name}` })),
    ...[...state.locks].flatMap(([site, references]) => references.map((reference) => ({ reference, because: `lock of ${site}` }))),
    ...state.claimed.map((reference) => ({ reference, because: "in a build just now" })),
  ];
}

function stateOf(namespace: string, { resting }: ImageState, retained: ReadonlyMap<string, string>): string {
  const until = retained.get(namespace);
  if (until !== undefined) return `destroyed, kept until ${until}`;
  const rests = resting.get(namespace);
  return rests === "down" ? "stopped" : rests === "asleep" ? "idle" : "";
}

function needsOf({ images, serving }: Record, because: string): readonly ImageNeed[] {
  const references = [images.web, ...(images.php === null ? [] : [images.php]), ...(serving?.images ?? [])];
  return [...new Set(references)].map((reference) => ({ reference, because }));
}

function inBrackets(words: string): string {
  return words === "" ? "" : ` (${words})`;
}

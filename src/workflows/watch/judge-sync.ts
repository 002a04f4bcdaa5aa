import type { WatchedFiles } from "../../providers/image-builder.ts";
import type { Synced } from "../../providers/live-copy.ts";
import type { Site } from "../../site/site.ts";

/** What is known when a sync is judged. */
export interface SyncFacts {
  readonly site: Site;
  /** The files that the migration is made of, as they were when the watch began. */
  readonly watched: WatchedFiles;
}

/**
 * What a save does not do by itself, and what does it: sentences for people, the same each time, so that whoever prints them can say each once.
 * The first sync has nothing to compare with.
 */
export function judgeSync(synced: Synced, { site, watched }: SyncFacts): readonly string[] {
  const changed = [...synced.written, ...synced.removed];
  const mounts = site.mounts
    .map(({ path }) => path)
    .filter((path) => synced.onVolumes.some((one) => one === path || one.startsWith(`${path}/`)));
  const workers = site.workers.map(({ name }) => name);
  return [
    ...mounts.map(
      (path) => `${path} lies on a volume: what is saved there does not reach it. \`howdah files put ${site.name}\` brings it there.`,
    ),
    ...(site.hooks.migrate.length > 0 && (site.migration.watch.length === 0 ? changed.length > 0 : isOther(watched, synced.watched))
      ? [`Files of the migration changed: it runs at the next \`howdah deploy ${site.name}\`, not while watching.`]
      : []),
    ...(site.hooks.build.length > 0 && changed.length > 0 && synced.dependencies.length === 0
      ? [
          "The build hooks do not run for a saved file, which is live as it is. They run again when composer.json, composer.lock, package.json or its lock change.",
        ]
      : []),
    ...(workers.length > 0 && changed.some((path) => path.endsWith(".php"))
      ? [`Workers (${workers.join(", ")}) keep the code that they have read until they start again: save the site file to restart them.`]
      : []),
    ...synced.skippedLinks.map(
      ({ path, target, why }) =>
        `${path} points to ${target}, which is ${why === "outside" ? "outside of the site" : why}: it is left out, as in images.`,
    ),
  ];
}

function isOther(one: WatchedFiles, other: WatchedFiles): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].some((name) => one[name] !== other[name]);
}

import type { Site } from "../../site/site.ts";
import { labelsFor } from "../labels.ts";
import type { ConfigMap, Volume } from "../objects.ts";
import { digestOf } from "../rendered.ts";

/** A ConfigMap holds at most 1 MiB, names and metadata included (R-A6). */
export const CONFIG_MAP_BYTES = 900 * 1024;

/**
 * Files under names that carry their digest: pods of the former release keep theirs until they are gone. As many ConfigMaps as the largest
 * allows; one for a machine, which has no such bound.
 */
export function configMaps(
  site: Site,
  name: string,
  files: Readonly<Record<string, string>>,
  largest = Number.POSITIVE_INFINITY,
): ConfigMap[] {
  const groups: Record<string, string>[] = [];
  let room = 0;
  for (const [file, text] of Object.entries(files)) {
    const size = new TextEncoder().encode(text).length;
    if (groups.length === 0 || size > room) {
      groups.push({});
      room = largest;
    }
    Object.assign(groups.at(-1) ?? {}, { [file]: text });
    room -= size;
  }
  return groups.map((data) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `${name}-${digestOf(data).slice(0, 10)}`, labels: labelsFor(site, name) },
    data,
  }));
}

/** The directory of all these files. */
export function filesVolume(name: string, maps: readonly ConfigMap[]): Volume {
  const [first, ...more] = maps.map(({ metadata }) => ({ configMap: { name: metadata.name } }));
  if (first !== undefined && more.length === 0) return { name, ...first };
  return { name, projected: { sources: maps.map(({ metadata }) => ({ configMap: { name: metadata.name } })) } };
}

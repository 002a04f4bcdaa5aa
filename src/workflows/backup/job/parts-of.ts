import type { SavedPart } from "../../../providers/backup/backup-repository.ts";

/** What a part's tag says: `site=acme`; empty without it. */
export function tagOf(tags: readonly string[], name: string): string {
  return tags.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

/** Parts of one backup by their names in the store, the manifest first: what has none is no backup. */
export function inOrderOfDeletion(parts: readonly SavedPart[]): readonly string[] {
  const order = (part: SavedPart): number => (tagOf(part.tags, "part") === "manifest" ? 0 : 1);
  return parts.toSorted((a, b) => order(a) - order(b)).map(({ id }) => id);
}

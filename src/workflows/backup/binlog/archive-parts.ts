import type { BackupRepository } from "../../../providers/backup/backup-repository.ts";
import type { BinlogArchive } from "./binlog-archive.ts";

/** What a part with a server's binlogs carries. Servers of all machines are called alike, and machines may share a store: a timeline is one machine's. */
export function archiveTags({ server, segments }: Pick<BinlogArchive, "server" | "segments">): readonly string[] {
  const timeline = segments.at(-1)?.timeline;
  return [`binlogs=${server}`, ...(timeline === undefined ? [] : [`timeline=${timeline}`])];
}

/**
 * Parts of this machine's server in a store that are no longer needed, since the newest holds all that is kept. Never another machine's: also not those of
 * the machine whose binlogs were recovered here, which may live.
 */
export async function formerParts(
  { server, segments, part }: Pick<BinlogArchive, "server" | "segments" | "part">,
  repository: Pick<BackupRepository, "list">,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (part === null || segments.length === 0) return [];
  const own = await repository.list(archiveTags({ server, segments }), signal);
  return own.map(({ id }) => id).filter((id) => !id.startsWith(part) && !part.startsWith(id));
}

/** A part of the store with binlogs of a server. */
export interface ArchivePart {
  readonly id: string;
  readonly server: string;
  readonly directory: string;
}

/**
 * The newest part of each server that backups can be continued with; of a server of which there is none such, the newest at all. `parts` are oldest first,
 * `timelines` those of the backups.
 */
export function newestParts(
  parts: readonly { readonly id: string; readonly tags: readonly string[]; readonly paths: readonly string[] }[],
  timelines: ReadonlySet<string>,
): readonly ArchivePart[] {
  const newest = new Map<string, ArchivePart & { readonly fits: boolean }>();
  for (const { id, tags, paths } of parts) {
    const [server, timeline] = ["binlogs=", "timeline="].map((name) => tags.find((tag) => tag.startsWith(name))?.slice(name.length));
    const [directory] = paths;
    if (server === undefined || directory === undefined) continue;
    const fits = timeline !== undefined && timelines.has(timeline);
    if (fits || newest.get(server)?.fits !== true) newest.set(server, { id, server, directory, fits });
  }
  return [...newest.values()].map(({ fits: _fits, ...part }) => part);
}

import type { BackupPorts } from "../backup-ports.ts";
import type { BackupRecord } from "../backup-record.ts";
import type { BinlogArchive, BinlogSegment } from "./binlog-archive.ts";

/** Between these every second of a site's database can be restored. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

/** A site's spans, oldest first; what lies between them is a gap. */
export interface Recoverable {
  readonly namespace: string;
  readonly spans: readonly Span[];
}

/** The backups that a segment's binlogs can be replayed onto, oldest first. */
export function basesIn(segment: BinlogSegment, backups: readonly BackupRecord[]): readonly BackupRecord[] {
  const files = new Set(segment.files.map(({ file }) => file));
  return backups
    .filter(({ state, database }) => {
      const position = state === "done" ? (database?.position ?? null) : null;
      return position !== null && position.timeline === segment.timeline && files.has(position.file);
    })
    .sort((a, b) => ((a.database?.ended ?? "") < (b.database?.ended ?? "") ? -1 : 1));
}

/** From the end of a segment's first backup to the last shipped moment. */
export function spansOf(archive: BinlogArchive, backups: readonly BackupRecord[]): readonly Span[] {
  return archive.segments.flatMap((segment) => {
    const from = basesIn(segment, backups)[0]?.database?.ended;
    return from === undefined || from > segment.to ? [] : [{ from, to: segment.to }];
  });
}

/** What can be restored of each site that has backups. */
export async function recoverableOf(
  namespace: string | undefined,
  backups: readonly BackupRecord[],
  ports: Pick<BackupPorts, "backups">,
): Promise<readonly Recoverable[]> {
  const names = [...new Set(backups.map((one) => one.namespace))].filter((one) => namespace === undefined || one === namespace);
  const archives = await ports.backups.archives.list();
  return names.map((name) => {
    const its = backups.filter((one) => one.namespace === name);
    const spans = archives.flatMap((archive) =>
      spansOf(
        archive,
        its.filter(({ database }) => database?.server === archive.server),
      ),
    );
    return { namespace: name, spans };
  });
}
